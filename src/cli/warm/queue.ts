import type { Config } from "../../config/config.ts";
import type { WarmQueue } from "../../media/warm/queue/queue.ts";
import { UsageError } from "../../ops/usage-error.ts";
import { openQueue } from "../../media/warm/queue/queue.ts";

/** Opens the queue of this bucket for a function, and closes it afterwards. */
export async function withQueue(
  config: Config,
  use: (queue: WarmQueue) => Promise<void>,
): Promise<void> {
  const queue = await openBucketQueue(config);
  try {
    await use(queue);
  } finally {
    await queue.close();
  }
}

/**
 * Opens the queue of this bucket, because several may share one Redis. Folders have no name that two
 * machines would agree on, so all of them share one queue for each database.
 */
async function openBucketQueue({ warmQueue, store }: Config): Promise<WarmQueue> {
  if (warmQueue === undefined)
    throw new UsageError("set WARM_QUEUE to the URL of the queue, such as redis://localhost");
  const name = store.kind === "s3" ? `warm-${store.originalsBucket}` : "warm";
  return openQueue({ url: warmQueue, name });
}
