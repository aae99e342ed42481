import type { Job, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { toAsync } from "../../../concurrency/to-async.ts";
import type { WarmRequest } from "../order.ts";
import type { WarmResult, WarmTally } from "../result.ts";
import { countResult, createTally, isTransient } from "../result.ts";
import type { Warm } from "../warm.ts";
import type { Drivers } from "./redis.ts";

/** Before the names of all keys in Redis. */
export const PREFIX = "shift-media";

/** A job that has taken its worker with it more often than that is not given to another one. */
const MAX_LOSSES = 3;
/** Reasons in a dead letter. */
const MAX_REASONS = 5;
const PROGRESS_MS = 1000;

/** All that is wanted of one original; gives what has become of it. */
type WarmJob = Job<WarmRequest, WarmTally>;

export interface WorkOptions {
  readonly warm: Warm;
  /** Originals at a time. */
  readonly concurrency: number;
  /** Originals a second, of all workers together. */
  readonly rate?: number | undefined;
  /** A worker that has not been heard of for so long has lost its jobs to others. */
  readonly lostAfterMs: number;
  readonly onResult: (result: WarmResult) => void;
  readonly onProblem: (error: Error) => void;
}

/** A worker at work. */
export interface Work {
  /** Takes no more jobs, and resolves when those that it has are done. */
  stop(): Promise<void>;
  /** For when the queue is away: what is at work on goes to others, who find there what was made. */
  leave(): Promise<void>;
}

interface Wiring extends WorkOptions {
  readonly connection: Redis;
  readonly name: string;
}

/** Takes jobs off the queue, one for each original, and tells in each how far it has come. */
export function startWork(
  { UnrecoverableError, ...drivers }: Pick<Drivers, "Worker" | "UnrecoverableError">,
  { connection, name, concurrency, rate, lostAfterMs, ...options }: Wiring,
): Work {
  const worker: Worker<WarmRequest, WarmTally> = new drivers.Worker(
    name,
    async (job: WarmJob) => {
      const { tally, failures } = await workOff(job, options);
      if (failures.length === 0) return tally;
      const reasons = describeFailures(failures, tally);
      // only what may go better the next time is worth one
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

async function workOff(job: WarmJob, { warm, onResult }: JobOptions): Promise<Sums> {
  const tally = createTally();
  const failures: WarmResult[] = [];
  let told = performance.now();
  for await (const result of warm(toAsync([job.data]), new AbortController().signal)) {
    countResult(tally, result);
    onResult(result);
    if (result.status === "failed") failures.push(result);
    if (performance.now() - told < PROGRESS_MS) continue;
    told = performance.now();
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
