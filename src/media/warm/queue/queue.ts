import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Queue } from "bullmq";
import type { WarmRequest } from "../request.ts";
import type { WarmTally } from "../result.ts";
import { connect, loadDrivers } from "./redis.ts";
import type { RunningWorker, WorkOptions } from "./worker.ts";
import { PREFIX, startWork } from "./worker.ts";

/** Attempts at one original, before it has failed. */
const ATTEMPTS = 5;
/** Before the second attempt, in milliseconds; doubled before each further one. */
const BACKOFF_MS = 1000;
/** Of further failed jobs the oldest are deleted. */
const MAX_DEAD = 100_000;
/** Failed jobs that are read or put back at a time. */
const PAGE = 100;
/** Milliseconds that closing the connections may take. */
const QUIT_MS = 1000;

/** The numbers of originals by state. */
export interface QueueCounts {
  /** Those that wait for a retry are among them. */
  readonly waiting: number;
  readonly active: number;
  readonly failed: number;
}

/** An original whose every attempt has failed. */
interface FailedJob {
  readonly key: string;
  readonly reason: string;
  readonly attempts: number;
  readonly failedAt: string;
}

/** A queue of originals to warm up, shared by many processes: BullMQ, on Redis or Valkey. */
export interface WarmQueue {
  /** Adds one job for each original, unless the same one waits or has failed already. */
  add(requests: readonly WarmRequest[]): Promise<void>;
  counts(): Promise<QueueCounts>;
  listFailed(): AsyncGenerator<FailedJob>;
  /** Puts the failed jobs back into the queue; gives their number. */
  retryFailed(): Promise<number>;
  work(options: WorkOptions): RunningWorker;
  close(): Promise<void>;
}

export interface WarmQueueOptions {
  readonly url: string;
  /** The same for the processes that add jobs and those that take them. */
  readonly name: string;
}

/** @throws Error when the packages are not installed, or Redis cannot be reached */
export async function openQueue({ url, name }: WarmQueueOptions): Promise<WarmQueue> {
  const drivers = await loadDrivers();
  const connection = await connect(drivers, url);
  const queue: Queue<WarmRequest, WarmTally> = new drivers.Queue(name, {
    connection,
    prefix: PREFIX,
    defaultJobOptions: {
      attempts: ATTEMPTS,
      backoff: { type: "exponential", delay: BACKOFF_MS },
      removeOnComplete: true, // the result is in the bucket
      removeOnFail: { count: MAX_DEAD },
      stackTraceLimit: 0,
    },
  });
  queue.on("error", () => undefined); // ioredis connects again by itself
  return {
    add: async (requests) => {
      await queue.addBulk(
        requests.map((data) => ({ name: "warm", data, opts: { jobId: hashRequest(data) } })),
      );
    },
    counts: async () => {
      const all = await queue.getJobCounts("wait", "delayed", "prioritized", "active", "failed");
      const { wait = 0, delayed = 0, prioritized = 0, active = 0, failed = 0 } = all;
      return { waiting: wait + delayed + prioritized, active, failed };
    },
    listFailed: () => listFailed(queue),
    retryFailed: () => retryFailed(queue),
    work: (options) => startWork(drivers, { ...options, connection, name }),
    close: async () => {
      await queue.close();
      // a server that is down never answers
      await Promise.race([connection.quit(), pause(QUIT_MS)]);
      connection.disconnect();
    },
  };
}

/** The same id for the same request. Not a number: BullMQ reserves those. */
function hashRequest({ key, outputs }: WarmRequest): string {
  const hash = createHash("sha256").update(JSON.stringify([key, outputs]));
  return `original-${hash.digest("hex")}`;
}

async function* listFailed(queue: Queue<WarmRequest, WarmTally>): AsyncGenerator<FailedJob> {
  for (let start = 0; ; start += PAGE) {
    const jobs = await queue.getFailed(start, start + PAGE - 1);
    for (const { data, failedReason, attemptsMade, finishedOn = 0 } of jobs) {
      const failedAt = new Date(finishedOn).toISOString();
      yield { key: data.key, reason: failedReason ?? "", attempts: attemptsMade, failedAt };
    }
    if (jobs.length < PAGE) return;
  }
}

async function retryFailed(queue: Queue<WarmRequest, WarmTally>): Promise<number> {
  // count first: jobs that fail again meanwhile must not keep this going for ever
  let left = await queue.getFailedCount();
  let retried = 0;
  while (left > 0) {
    const jobs = await queue.getFailed(0, Math.min(PAGE, left) - 1);
    if (jobs.length === 0) break;
    const options = { resetAttemptsMade: true, resetAttemptsStarted: true };
    await Promise.all(jobs.map((job) => job.retry("failed", options)));
    retried += jobs.length;
    left -= jobs.length;
  }
  return retried;
}
