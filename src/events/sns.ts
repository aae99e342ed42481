import { createPublicKey, verify } from "node:crypto";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { Semaphore } from "../async/semaphore.ts";
import { MediaError } from "../errors.ts";
import { parseJson, parseShape } from "./notification.ts";

/** SNS retries for an hour at most. */
const MAX_AGE_MS = 60 * 60 * 1000;
/** A certificate is used for this long before it is fetched again. */
const CERTIFICATE_TTL_MS = 24 * 60 * 60 * 1000;
const MAX_CERTIFICATES = 20;
/** Anybody can name certificates that do not exist: so few are fetched at the same time, and each so seldom. */
const MAX_FETCHES = 4;
const RETRY_MS = 10_000; // SNS repeats a message after 20 s, three times
/** Fetches that are remembered, whether they go on or have failed. */
const MAX_TRIED = 100;

const HOST = String.raw`https://sns\.[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}\.amazonaws\.com(?:\.cn)?`;
// matched as text, so that no parser can read a strange URL in another way
const CERTIFICATE_URL = new RegExp(`^${HOST}/SimpleNotificationService-[\\da-zA-Z]{8,64}\\.pem$`);
const SUBSCRIBE_URL = new RegExp(`^${HOST}/\\?Action=ConfirmSubscription&[\\w=&:%.~+-]+$`);

const text = z.string();
const common = {
  MessageId: text,
  TopicArn: text,
  Message: text,
  Timestamp: text,
  SignatureVersion: z.enum(["1", "2"]),
  Signature: z.string().regex(/^[\w+/]+=*$/),
  SigningCertURL: z.string().regex(CERTIFICATE_URL, { error: "must be one of SNS" }),
};
const confirmation = {
  ...common,
  Token: text,
  SubscribeURL: z.string().regex(SUBSCRIBE_URL, { error: "must be one of SNS" }),
};
const schema = z.discriminatedUnion("Type", [
  z.object({ ...common, Type: z.literal("Notification"), Subject: text.nullish() }),
  z.object({ ...confirmation, Type: z.literal("SubscriptionConfirmation") }),
  z.object({ ...confirmation, Type: z.literal("UnsubscribeConfirmation") }),
]);

type Message = z.infer<typeof schema>;

/** A message of SNS whose signature is valid. */
export interface SnsMessage {
  readonly Type: "Notification" | "SubscriptionConfirmation" | "UnsubscribeConfirmation";
  readonly TopicArn: string;
  /** The text that was published. */
  readonly Message: string;
  /** A visit confirms a subscription, or renews one that has ended. */
  readonly SubscribeURL?: string;
}

export interface SnsDeps {
  /** The ARNs of the accepted topics: anybody with an account can have a message signed. */
  readonly topics: ReadonlySet<string>;
  /** Fetches a certificate in PEM; rejects when that fails. */
  readonly fetchCertificate: (url: string) => Promise<string>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Reads a message, and checks that SNS has sent it, from an accepted topic and not long ago.
 *
 * @throws MediaError `invalid_body` for a malformed message, `invalid_signature` or `not_allowed` for one that is
 * not authentic, `store_failed` when the certificate cannot be fetched
 */
export type ReadSnsMessage = (body: string) => Promise<SnsMessage>;

export function createSnsReader(deps: SnsDeps): ReadSnsMessage {
  const getCertificate = createCertificates(deps);
  return async (body) => {
    const message: Message = parseShape("the message", schema, parseJson("the body", body));
    // the cheap checks first, before the certificate is fetched
    checkTopic(message, deps.topics);
    checkRegion(message);
    checkAge(message, deps.now());
    const pem = await getCertificate(message.SigningCertURL).catch((cause: unknown) => {
      const problem = "the certificate of SNS could not be fetched";
      throw new MediaError("store_failed", problem, { cause });
    });
    if (isSigned(message, pem)) return message;
    throw new MediaError("invalid_signature", "the signature of the message is invalid");
  };
}

function createCertificates({
  fetchCertificate,
  now,
}: Pick<SnsDeps, "fetchCertificate" | "now">): SnsDeps["fetchCertificate"] {
  const clock = { perf: { now }, ttlResolution: 0 };
  const certificates = new LRUCache<string, string>({
    max: MAX_CERTIFICATES,
    ttl: CERTIFICATE_TTL_MS,
    ...clock,
  });
  // promises, so that many messages at once share one fetch
  const tried = new LRUCache<string, Promise<string>>({ max: MAX_TRIED, ttl: RETRY_MS, ...clock });
  const slots = new Semaphore({ limit: MAX_FETCHES });
  return async (url) => {
    const known = certificates.get(url) ?? tried.get(url);
    if (known) return known;
    const slot = slots.tryAcquire();
    if (!slot) throw new Error("too many certificates are being fetched");
    const fetched = fetchCertificate(url).finally(slot.release);
    tried.set(url, fetched);
    const pem = await fetched;
    certificates.set(url, pem);
    return pem;
  };
}

function checkTopic({ TopicArn }: Message, topics: ReadonlySet<string>): void {
  if (topics.has(TopicArn)) return;
  const problem = `the topic must be one of EVENT_TOPICS, got "${TopicArn.slice(0, 300)}"`;
  throw new MediaError("not_allowed", problem);
}

/** A topic signs with a certificate of its own region. */
function checkRegion({ TopicArn, SigningCertURL }: Message): void {
  const [, partition, , region] = TopicArn.split(":");
  const host = `sns.${region}.amazonaws.com${partition === "aws-cn" ? ".cn" : ""}`;
  if (SigningCertURL.startsWith(`https://${host}/`)) return;
  throw new MediaError("not_allowed", `the certificate must be one of "${host}", as the topic is`);
}

function checkAge({ Timestamp }: Message, now: number): void {
  const age = now - Date.parse(Timestamp);
  // false for NaN, too: the time cannot be read
  if (Math.abs(age) <= MAX_AGE_MS) return;
  const problem = `the message must be at most an hour old, got one of "${Timestamp.slice(0, 40)}"`;
  throw new MediaError("not_allowed", problem);
}

const ALGORITHMS = { 1: "RSA-SHA1", 2: "RSA-SHA256" } as const;

function isSigned(message: Message, pem: string): boolean {
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType !== "rsa") return false;
    const signature = Buffer.from(message.Signature, "base64");
    const signed = Buffer.from(printSigned(message));
    return verify(ALGORITHMS[message.SignatureVersion], signed, key, signature);
  } catch {
    return false; // it is not a certificate
  }
}

/**
 * Prints the signed text: these fields by name, each on two lines.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
 */
function printSigned(message: Message): string {
  const { Message, MessageId, Timestamp, TopicArn, Type } = message;
  const fields =
    message.Type === "Notification"
      ? { Message, MessageId, Subject: message.Subject, Timestamp, TopicArn, Type }
      : {
          Message,
          MessageId,
          SubscribeURL: message.SubscribeURL,
          Timestamp,
          Token: message.Token,
          TopicArn,
          Type,
        };
  return Object.entries(fields)
    .map(([field, value]) => (value === undefined || value === null ? "" : `${field}\n${value}\n`))
    .join("");
}
