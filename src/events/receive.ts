import { readBody } from "../async/body.ts";
import { MediaError } from "../errors.ts";
import type { BucketEventDeps, HandleEvents, Receipt } from "./purge-changed.ts";
import { createEventHandler } from "./purge-changed.ts";
import type { Observe } from "../media/observe.ts";
import { readNotification } from "./notification.ts";
import type { ReadSnsMessage, SnsMessage } from "./sns.ts";
import { createSnsReader } from "./sns.ts";

export interface ReceiverDeps {
  readonly handle: HandleEvents;
  readonly observe: Observe;
  readonly readSns: ReadSnsMessage;
  /** Fetches a URL of SNS; only its effect there is wanted. */
  readonly visit: (url: string) => Promise<unknown>;
}

/** Receives the messages of buckets. */
export interface EventReceiver {
  /** From a sender that is authorized already. */
  receive(body: string): Promise<Receipt>;
  /** From SNS, whose messages are signed. Absent without EVENT_TOPICS. */
  readonly receiveSns?: (body: string) => Promise<Receipt>;
}

/** Receives messages of senders that are authorized and, if there are topics, of SNS. */
export function createEventReceiver(
  deps: BucketEventDeps,
  topics: ReadonlySet<string>,
): EventReceiver {
  const readSns = createSnsReader({
    topics,
    fetchCertificate: fetchText,
    now: () => Date.now(),
  });
  const { receive, receiveSns } = createReceiver({
    handle: createEventHandler(deps),
    observe: deps.observe,
    readSns,
    visit: fetchText,
  });
  return { receive, ...(topics.size > 0 && { receiveSns }) };
}

export function createReceiver({
  handle,
  observe,
  readSns,
  visit,
}: ReceiverDeps): Required<EventReceiver> {
  const read = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      observe({ kind: "bucket_event", outcome: "refused" });
      throw error;
    }
  };
  return {
    receive: async (body) => handle(read(() => readNotification(body))),
    receiveSns: async (body) => {
      const message = await readSns(body).catch((error: unknown) => {
        const isOurFault = error instanceof MediaError && error.code === "store_failed";
        observe({ kind: "bucket_event", outcome: isOurFault ? "failed" : "refused" });
        throw error;
      });
      if (message.Type === "Notification")
        return handle(read(() => readNotification(message.Message)));
      return handle([{ kind: "other", reason: await confirmSubscription(message, visit) }]);
    },
  };
}

/** The topic is one of EVENT_TOPICS, so the subscription is confirmed. */
async function confirmSubscription(
  { Type, TopicArn, SubscribeURL }: SnsMessage,
  visit: ReceiverDeps["visit"],
): Promise<string> {
  // a topic that was unsubscribed on purpose is not subscribed again
  if (Type !== "SubscriptionConfirmation" || SubscribeURL === undefined) {
    return `the subscription to "${TopicArn}" has ended`;
  }
  try {
    await visit(SubscribeURL);
  } catch (cause) {
    throw new MediaError("store_failed", "the subscription could not be confirmed", { cause });
  }
  return `the subscription to "${TopicArn}" is confirmed`;
}

/** A certificate has less than 3 kB. */
const MAX_TEXT_BYTES = 32 * 1024;
const FETCH_TIMEOUT_MS = 5000;

/** Fetches a short text. Rejects if that fails, takes too long, or is redirected, and for a longer text. */
export async function fetchText(url: string): Promise<string> {
  const { host } = new URL(url); // errors are logged, and the rest of the URL may have a token
  const signal = AbortSignal.timeout(FETCH_TIMEOUT_MS);
  const response = await fetch(url, { redirect: "error", signal });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`${host} answered ${response.status}`);
  }
  const { bytes, isWhole } = await readBody(response.body, MAX_TEXT_BYTES);
  if (!isWhole) throw new Error(`${host} answered over ${MAX_TEXT_BYTES} bytes`);
  return new TextDecoder().decode(bytes);
}
