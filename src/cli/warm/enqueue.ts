import { joinNeighbours } from "../../media/warm/group.ts";
import type { WarmRequest } from "../../media/warm/request.ts";
import type { WarmQueue } from "../../media/warm/queue/queue.ts";
import type { Stop } from "../options/process.ts";
import type { WarmList } from "./list.ts";

/** Originals that are added at a time. */
const BATCH = 500;
const MAX_SHOWN = 20;

/** Puts a list into the queue; what is there already is not added again. */
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
    `${added} originals for the queue, which has ${waiting} waiting, ${active} at work, ${dead} given up\n`,
  );
  if (wrong > 0) process.stderr.write(`${wrong} lines are wrong\n`);
  process.exitCode = stop.isAsked() ? 130 : Math.min(wrong, 1);
}
