import { MediaError } from "../errors.ts";
import type { HandleEvents, Receipt } from "./purge-changed.ts";
import type { Observe } from "../media/observe.ts";
import { readNotification } from "./notification.ts";
import type { ReadSnsMessage, SnsMessage } from "./sns.ts";

export interface ReceiverDeps {
  readonly handle: HandleEvents;
  readonly observe: Observe;
  readonly readSns: ReadSnsMessage;
  /** Fetches a URL of SNS for the sake of it. */
  readonly visit: (url: string) => Promise<unknown>;
}

/** What takes the messages of buckets, as they come. */
export interface Receiver {
  /** From a sender that has been let in already. */
  receive(body: string): Promise<Receipt>;
  /** From SNS, which proves itself by the message. */
  receiveSns(body: string): Promise<Receipt>;
}

export function createReceiver({ handle, observe, readSns, visit }: ReceiverDeps): Receiver {
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
        const isOurs = error instanceof MediaError && error.code === "store_failed";
        observe({ kind: "bucket_event", outcome: isOurs ? "failed" : "refused" });
        throw error;
      });
      if (message.Type === "Notification")
        return handle(read(() => readNotification(message.Message)));
      return handle([{ kind: "other", reason: await confirmSubscription(message, visit) }]);
    },
  };
}

/** Only ours is the topic that comes here: whoever has subscribed us to it may. */
async function confirmSubscription(
  { Type, TopicArn, SubscribeURL }: SnsMessage,
  visit: ReceiverDeps["visit"],
): Promise<string> {
  // who unsubscribes means it
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
