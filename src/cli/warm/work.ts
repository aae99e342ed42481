import { setTimeout as pause } from "node:timers/promises";
import type { Command } from "commander";
import type { Config } from "../../config/config.ts";
import type { WarmResult } from "../../media/warm/result.ts";
import { countResult, createTally } from "../../media/warm/result.ts";
import type { QueueCounts, WarmQueue } from "../../media/warm/queue/queue.ts";
import type { RunningWorker } from "../../media/warm/queue/worker.ts";
import { createService } from "../../service/service.ts";
import { getWorkerCount } from "../../service/worker-count.ts";
import { createExclusiveWarmer, withoutTimeouts } from "../../service/warming.ts";
import { explainError, printFailure, readConfig } from "../options/environment.ts";
import { readNumber } from "../options/number.ts";
import { collectLessOften, createStop, logToErrors } from "../options/process.ts";
import { withQueue } from "./queue.ts";
import type { Progress } from "./progress.ts";
import { printLine } from "./progress.ts";

interface WorkCommandOptions {
  readonly concurrency?: string;
  readonly rate?: string;
  readonly lostAfter: string;
  readonly untilEmpty?: boolean;
  readonly json?: boolean;
  readonly status?: boolean;
  readonly failed?: boolean;
  readonly retryFailed?: boolean;
}

const LOOK_MS = 500;
const TELL_MS = 5000;
const ANSWER_MS = 1000;

/** `shift-media work` */
export function addWork(program: Command): void {
  program
    .command("work")
    .description("take what `warm --enqueue` has put into the queue at WARM_QUEUE")
    .option("--concurrency <n>", "originals at a time; by default one more than image processes")
    .option("--rate <n>", "originals a second, of all workers; to be said to each of them")
    .option("--lost-after <seconds>", "when a silent worker's jobs go to others", "30")
    .option("--until-empty", "end when there is nothing left, anywhere")
    .option("--json", "print a line of JSON for each variant")
    .option("--status", "print how many originals wait, are at work, and were given up")
    .option("--failed", "print a line of JSON for each original that was given up, and why")
    .option("--retry-failed", "put those back into the queue")
    .action(async (options: WorkCommandOptions) => {
      const config = readConfig("work");
      if (!config) return;
      try {
        await withQueue(config, (queue) => act(queue, options, config));
      } catch (error) {
        printFailure(error);
      }
    });
}

async function act(queue: WarmQueue, options: WorkCommandOptions, config: Config): Promise<void> {
  if (options.failed) {
    for await (const letter of queue.dead()) process.stdout.write(`${JSON.stringify(letter)}\n`);
    return;
  }
  if (options.retryFailed) {
    process.stdout.write(`${await queue.retryDead()} originals are in the queue again\n`);
    return;
  }
  if (options.status) {
    process.stdout.write(`${JSON.stringify(await queue.counts())}\n`);
    return;
  }
  await work(queue, options, config);
}

async function work(queue: WarmQueue, options: WorkCommandOptions, config: Config): Promise<void> {
  collectLessOften();
  const stop = createStop();
  const patient = withoutTimeouts(config);
  const service = await createService(patient, logToErrors());
  const concurrency =
    readNumber("--concurrency", options.concurrency, 999) ?? getWorkerCount(config) + 1;
  const lostAfter = readNumber("--lost-after", options.lostAfter, 86_400) ?? 30;
  const rate = readNumber("--rate", options.rate, 100_000);
  const progress: Progress = { tally: createTally(), originals: 0, begun: performance.now() };
  try {
    await service.start();
    const running = queue.work({
      warm: createExclusiveWarmer(service, patient, concurrency),
      concurrency,
      rate,
      lostAfterMs: lostAfter * 1000,
      onResult: (result) => tell(result, progress, options),
      onProblem: (error) => process.stderr.write(`${explainError(error)}\n`),
    });
    await waitForEnd(queue, { isAsked: stop.isAsked, progress, ...options });
    await end(queue, running);
    await service.drain();
    process.stderr.write(`${printLine(progress)}\n`);
  } finally {
    service.stop();
  }
}

function tell(result: WarmResult, { tally }: Progress, { json }: WorkCommandOptions): void {
  countResult(tally, result);
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
}

interface Waiting {
  readonly isAsked: () => boolean;
  readonly progress: Progress;
  readonly untilEmpty?: boolean;
}

/** Until a signal says so or, if that is wanted, until nothing waits and nobody is at work. */
async function waitForEnd(
  queue: WarmQueue,
  { isAsked, progress, untilEmpty = false }: Waiting,
): Promise<void> {
  let told = performance.now();
  while (!isAsked()) {
    await pause(LOOK_MS);
    const isToTell = performance.now() - told >= TELL_MS;
    if (!untilEmpty && !isToTell) continue;
    const counts = await look(queue);
    if (untilEmpty && counts && counts.waiting + counts.active === 0) return;
    if (!isToTell) continue;
    told = performance.now();
    process.stderr.write(`${printLine(progress)}; ${printCounts(counts)}\n`);
  }
}

async function end(queue: WarmQueue, running: RunningWorker): Promise<void> {
  if (await look(queue)) return running.stop();
  process.stderr.write("the queue does not answer: what is at work on goes to others\n");
  return running.leave();
}

/** `undefined` while the queue is away: BullMQ waits for it, however long that takes. */
function look(queue: WarmQueue): Promise<QueueCounts | undefined> {
  return Promise.race([queue.counts(), pause(ANSWER_MS, undefined)]);
}

function printCounts(counts: QueueCounts | undefined): string {
  if (!counts) return "the queue does not answer";
  const { waiting, active, dead } = counts;
  return `originals in the queue: ${waiting} waiting, ${active} at work, ${dead} given up`;
}
