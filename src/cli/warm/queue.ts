import type { Config } from "../../config/config.ts";
import { joinNeighbours } from "../../media/warm/group.ts";
import type { WarmQueue } from "../../media/warm/queue/queue.ts";
import { openQueue } from "../../media/warm/queue/queue.ts";
import type { WarmRequest } from "../../media/warm/request.ts";
import { UsageError } from "../../ops/usage-error.ts";
import { EXIT } from "../exit.ts";
import type { Stop } from "../options/process.ts";
import type { WarmList } from "./list.ts";

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

/** Originals for one call of the queue. */
const BATCH = 500;
/** Wrong lines that are printed; the others are only counted. */
const MAX_SHOWN = 20;

/** Adds the originals of a list to the queue; BullMQ skips those that wait already. */
export async function enqueue(list: WarmList, queue: WarmQueue, stop: Stop): Promise<void> {
  let batch: WarmRequest[] = [];
  let added = 0;
  let wrong = 0;
  const flush = async (): Promise<void> => {
    await queue.add(batch);
    added += batch.length;
    batch = [];
  };
  for await (const entry of joinNeighbours(list.read())) {
    if (stop.isAsked()) break;
    if ("problem" in entry) {
      wrong += 1;
      const { line, problem } = entry;
      if (wrong <= MAX_SHOWN) process.stderr.write(`line ${line}: ${problem.message}\n`);
      continue;
    }
    batch.push(entry);
    if (batch.length === BATCH) await flush();
  }
  await flush();
  const { waiting, active, failed } = await queue.counts();
  process.stdout.write(
    `added ${added} originals; the queue has ${waiting} waiting, ${active} active, ${failed} failed\n`,
  );
  if (wrong > 0) process.stderr.write(`${wrong} lines were wrong and not added\n`);
  process.exitCode = stop.isAsked() ? EXIT.interrupted : wrong > 0 ? EXIT.failed : 0;
}
