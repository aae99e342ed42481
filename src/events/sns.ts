import { createPublicKey, verify } from "node:crypto";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { MediaError } from "../errors.ts";
import { parseJson, parseShape } from "./notification.ts";

/** SNS itself tries for an hour at most. */
const MAX_AGE_MS = 60 * 60 * 1000;
const CERTIFICATE_TTL_MS = 24 * 60 * 60 * 1000;
const MAX_CERTIFICATES = 20;
/** Anybody can name certificates that are none: how many are asked for at a time, and how often each. */
const MAX_FETCHES = 4;
const RETRY_MS = 10_000; // SNS itself repeats a message after 20 s, three times
const MAX_TRIED = 100;

const HOST = String.raw`https://sns\.[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}\.amazonaws\.com(?:\.cn)?`;
// compared as text: what URL parsers make of a strange one does not matter
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

/** What SNS sends, believed. */
export interface SnsMessage {
  readonly Type: "Notification" | "SubscriptionConfirmation" | "UnsubscribeConfirmation";
  readonly TopicArn: string;
  /** What was published. */
  readonly Message: string;
  /** Where a subscription is confirmed, and one that has ended is taken up again. */
  readonly SubscribeURL?: string;
}

export interface SnsDeps {
  /** The ARNs of the topics that are listened to: anybody with an account can have a message signed. */
  readonly topics: ReadonlySet<string>;
  /** Fetches a URL of SNS, in PEM; rejects when that fails. */
  readonly fetchCertificate: (url: string) => Promise<string>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Reads a message, and checks that SNS has sent it, from a topic of ours and not long ago.
 *
 * @throws MediaError `invalid_body` for what is no message, `invalid_signature` or `not_allowed` for one that
 * is not to be believed, `store_failed` when the certificate cannot be had
 */
export type ReadSnsMessage = (body: string) => Promise<SnsMessage>;

export function createSnsReader(deps: SnsDeps): ReadSnsMessage {
  const certificateAt = createCertificates(deps);
  return async (body) => {
    const message: Message = parseShape("the message", schema, parseJson("the body", body));
    // before anything is fetched for it
    checkTopic(message, deps.topics);
    checkRegion(message);
    checkAge(message, deps.now());
    const pem = await certificateAt(message.SigningCertURL).catch((cause: unknown) => {
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
  // a promise each, so that many messages at once ask once
  const tried = new LRUCache<string, Promise<string>>({ max: MAX_TRIED, ttl: RETRY_MS, ...clock });
  let fetches = 0;
  return async (url) => {
    const known = certificates.get(url) ?? tried.get(url);
    if (known) return known;
    if (fetches >= MAX_FETCHES) throw new Error("too many certificates are being fetched");
    fetches += 1;
    const fetched = fetchCertificate(url).finally(() => {
      fetches -= 1;
    });
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

/** A topic signs where it is. */
function checkRegion({ TopicArn, SigningCertURL }: Message): void {
  const [, partition, , region] = TopicArn.split(":");
  const host = `sns.${region}.amazonaws.com${partition === "aws-cn" ? ".cn" : ""}`;
  if (SigningCertURL.startsWith(`https://${host}/`)) return;
  throw new MediaError("not_allowed", `the certificate must be one of "${host}", as the topic is`);
}

function checkAge({ Timestamp }: Message, now: number): void {
  const age = now - Date.parse(Timestamp);
  // also when it is no time
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
    return false; // what is no certificate proves nothing
  }
}

/**
 * What is signed: these fields by name, each on two lines.
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
