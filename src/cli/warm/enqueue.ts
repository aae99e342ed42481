import { joinNeighbours } from "../../media/warm/group.ts";
import type { WarmRequest } from "../../media/warm/request.ts";
import type { WarmQueue } from "../../media/warm/queue/queue.ts";
import { EXIT } from "../exit.ts";
import type { Stop } from "../options/process.ts";
import type { WarmList } from "./list.ts";

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
  const { waiting, active, dead } = await queue.counts();
  process.stdout.write(
    `added ${added} originals; the queue has ${waiting} waiting, ${active} active, ${dead} failed\n`,
  );
  if (wrong > 0) process.stderr.write(`${wrong} lines were wrong and not added\n`);
  process.exitCode = stop.isAsked() ? EXIT.interrupted : wrong > 0 ? EXIT.failed : 0;
}
