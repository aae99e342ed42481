import { printExamples } from "../options/examples.ts";
import { setTimeout as pause } from "node:timers/promises";
import type { Command } from "commander";
import type { Config } from "../../config/config.ts";
import type { WarmResult } from "../../media/warm/result.ts";
import { countResult, createTally } from "../../media/warm/result.ts";
import type { QueueCounts, WarmQueue } from "../../media/warm/queue/queue.ts";
import type { RunningWorker } from "../../media/warm/queue/worker.ts";
import { createService } from "../../service/service.ts";
import { getWorkerCount } from "../../config/config.ts";
import { createExclusiveWarmer, withoutTimeouts } from "../../service/warming.ts";
import { explainError, reportFailure } from "../exit.ts";
import { readConfig } from "../options/environment.ts";
import { createStop, logToErrors, tuneHeapGrowth } from "../options/process.ts";
import { readNumber } from "../options/values.ts";
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

/** Milliseconds between checks for the end, and between lines of progress. */
const CHECK_MS = 500;
const PROGRESS_MS = 5000;
/** Milliseconds that the queue may take to answer. */
const ANSWER_MS = 1000;

/** `shift-media work` */
export function addWork(program: Command): void {
  program
    .command("work")
    .description("warm up the originals that `warm --enqueue` added to the queue at WARM_QUEUE")
    .option("--concurrency <n>", "originals at a time; default: one more than image processes")
    .option("--rate <n>", "originals a second, of all workers together; give it to each of them")
    .option(
      "--lost-after <seconds>",
      "give the jobs of a silent worker to others after this time",
      "30",
    )
    .option("--until-empty", "end when the queue is empty and no worker is active")
    .option("--json", "print a line of JSON for each variant")
    .option("--status", "print how many originals wait, are active, and failed")
    .option("--failed", "print a line of JSON for each failed original, with the reason")
    .option("--retry-failed", "put failed originals back into the queue")
    .addHelpText("after", printExamples("shift-media work --status"))
    .action(async (options: WorkCommandOptions) => {
      const config = readConfig("work on the queue");
      if (!config) return;
      try {
        await withQueue(config, (queue) => run(queue, options, config));
      } catch (error) {
        reportFailure(error);
      }
    });
}

async function run(queue: WarmQueue, options: WorkCommandOptions, config: Config): Promise<void> {
  if (options.failed) {
    for await (const job of queue.listFailed()) process.stdout.write(`${JSON.stringify(job)}\n`);
    return;
  }
  if (options.retryFailed) {
    process.stdout.write(`put ${await queue.retryFailed()} originals back into the queue\n`);
    return;
  }
  if (options.status) {
    process.stdout.write(`${JSON.stringify(await queue.counts())}\n`);
    return;
  }
  await work(queue, options, config);
}

async function work(queue: WarmQueue, options: WorkCommandOptions, config: Config): Promise<void> {
  tuneHeapGrowth();
  const stop = createStop();
  const untimed = withoutTimeouts(config);
  const service = await createService(untimed, logToErrors());
  const concurrency =
    readNumber("--concurrency", options.concurrency, 999) ?? getWorkerCount(config.pool) + 1;
  const lostAfter = readNumber("--lost-after", options.lostAfter, 86_400) ?? 30;
  const rate = readNumber("--rate", options.rate, 100_000);
  const progress: Progress = { tally: createTally(), originals: 0, begun: performance.now() };
  try {
    await service.start();
    const running = queue.work({
      warm: createExclusiveWarmer(service, untimed, { originals: concurrency }),
      concurrency,
      rate,
      lostAfterMs: lostAfter * 1000,
      onResult: (result) => report(result, progress, options),
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

function report(result: WarmResult, { tally }: Progress, { json }: WorkCommandOptions): void {
  countResult(tally, result);
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
}

interface Waiting {
  readonly isAsked: () => boolean;
  readonly progress: Progress;
  readonly untilEmpty?: boolean;
}

/** Waits for a signal or, with --until-empty, until nothing waits and no worker is active. */
async function waitForEnd(
  queue: WarmQueue,
  { isAsked, progress, untilEmpty = false }: Waiting,
): Promise<void> {
  let printed = performance.now();
  while (!isAsked()) {
    await pause(CHECK_MS);
    const isDue = performance.now() - printed >= PROGRESS_MS;
    if (!untilEmpty && !isDue) continue;
    const counts = await tryCount(queue);
    if (untilEmpty && counts && counts.waiting + counts.active === 0) return;
    if (!isDue) continue;
    printed = performance.now();
    process.stderr.write(`${printLine(progress)}; ${printCounts(counts)}\n`);
  }
}

async function end(queue: WarmQueue, running: RunningWorker): Promise<void> {
  if (await tryCount(queue)) return running.stop();
  process.stderr.write(
    "the queue does not answer: other workers will take over the jobs of this one\n",
  );
  return running.leave();
}

/** `undefined` while the queue does not answer: BullMQ itself would wait without end. */
function tryCount(queue: WarmQueue): Promise<QueueCounts | undefined> {
  return Promise.race([queue.counts(), pause(ANSWER_MS, undefined)]);
}

function printCounts(counts: QueueCounts | undefined): string {
  if (!counts) return "the queue does not answer";
  const { waiting, active, failed } = counts;
  return `originals in the queue: ${waiting} waiting, ${active} active, ${failed} failed`;
}
