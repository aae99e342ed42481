import type { Job, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { toAsync } from "../../../async/to-async.ts";
import type { WarmRequest } from "../request.ts";
import { readWarmJob } from "../request.ts";
import type { WarmResult, WarmTally } from "../result.ts";
import { countResult, createTally, isTransient } from "../result.ts";
import type { Warm } from "../warm.ts";
import type { Drivers } from "./redis.ts";

/** The beginning of all keys in Redis. */
export const PREFIX = "shift-media";

/** A job that is lost with its worker more often than this fails. */
const MAX_LOSSES = 3;
/** Kept with a failed job. */
const MAX_REASONS = 5;
const PROGRESS_MS = 1000;

type WarmJob = Job<WarmRequest, WarmTally>;

export interface WorkOptions {
  readonly warm: Warm;
  /** Originals at the same time. */
  readonly concurrency: number;
  /** Originals a second, of all workers together. */
  readonly rate?: number | undefined;
  /** A worker that is silent for this long loses its jobs to others. */
  readonly lostAfterMs: number;
  readonly onResult: (result: WarmResult) => void;
  readonly onProblem: (error: Error) => void;
}

export interface RunningWorker {
  /** Takes no more jobs, and resolves when the present ones are done. */
  stop(): Promise<void>;
  /** For when Redis is down: leaves the present jobs to others, which find the variants that were made. */
  leave(): Promise<void>;
}

interface Wiring extends WorkOptions {
  readonly connection: Redis;
  readonly name: string;
}

/** Takes jobs off the queue, one for each original, and records their progress. */
export function startWork(
  { UnrecoverableError, ...drivers }: Pick<Drivers, "Worker" | "UnrecoverableError">,
  { connection, name, concurrency, rate, lostAfterMs, ...options }: Wiring,
): RunningWorker {
  const worker: Worker<WarmRequest, WarmTally> = new drivers.Worker(
    name,
    async (job: WarmJob) => {
      const { tally, failures } = await runJob(job, options);
      if (failures.length === 0) return tally;
      const reasons = describeFailures(failures, tally);
      // only transient failures are worth another attempt
      throw failures.some(({ code }) => code !== undefined && isTransient(code))
        ? new Error(reasons)
        : new UnrecoverableError(reasons);
    },
    {
      connection,
      prefix: PREFIX,
      concurrency,
      lockDuration: lostAfterMs,
      stalledInterval: lostAfterMs,
      maxStalledCount: MAX_LOSSES,
      ...(rate !== undefined && { limiter: { max: rate, duration: 1000 } }),
    },
  );
  worker.on("error", options.onProblem);
  return { stop: () => worker.close(), leave: () => worker.close(true) };
}

type JobOptions = Pick<WorkOptions, "warm" | "onResult">;

interface Sums {
  readonly tally: WarmTally;
  readonly failures: readonly WarmResult[];
}

async function runJob(job: WarmJob, { warm, onResult }: JobOptions): Promise<Sums> {
  const tally = createTally();
  const failures: WarmResult[] = [];
  let reportedAt = performance.now();
  for await (const result of warm(toAsync([readWarmJob(job.data)]), new AbortController().signal)) {
    countResult(tally, result);
    onResult(result);
    if (result.status === "failed") failures.push(result);
    if (performance.now() - reportedAt < PROGRESS_MS) continue;
    reportedAt = performance.now();
    await job.updateProgress({ ...tally });
  }
  await job.updateProgress({ ...tally });
  return { tally, failures };
}

function describeFailures(failures: readonly WarmResult[], { made, there }: WarmTally): string {
  const reasons = failures.map(({ transform, format, message }) => {
    const options = [transform, format && `f_${format}`].filter(Boolean).join(",");
    return options ? `${options}: ${message}` : message;
  });
  const shown = reasons.slice(0, MAX_REASONS).join("; ");
  const all = failures.length + made + there;
  return failures.length === all ? shown : `${failures.length} of ${all}: ${shown}`;
}
