import type { Config } from "../../config/config.ts";
import type { WarmQueue } from "../../media/warm/queue/queue.ts";
import { openQueue } from "../../media/warm/queue/queue.ts";

/** Closes the queue, whatever happens. */
export async function withQueue(
  config: Config,
  use: (queue: WarmQueue) => Promise<void>,
): Promise<void> {
  const queue = await openQueueOf(config);
  try {
    await use(queue);
  } finally {
    await queue.close();
  }
}

/**
 * The queue of this bucket: several may share one Redis. Folders have no name that two machines would
 * agree on, and so one queue for each database.
 */
async function openQueueOf({ warmQueue, store }: Config): Promise<WarmQueue> {
  if (warmQueue === undefined) throw new Error("WARM_QUEUE must be set, such as redis://localhost");
  const name = store.kind === "s3" ? `warm-${store.originalsBucket}` : "warm";
  return openQueue({ url: warmQueue, name });
}
