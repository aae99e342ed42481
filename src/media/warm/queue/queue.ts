import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Queue } from "bullmq";
import type { WarmRequest } from "../order.ts";
import type { WarmTally } from "../result.ts";
import { connect, loadDrivers } from "./redis.ts";
import type { Work, WorkOptions } from "./worker.ts";
import { PREFIX, startWork } from "./worker.ts";

const ATTEMPTS = 5;
/** Before the second attempt, in milliseconds; doubled before each further one. */
const BACKOFF_MS = 1000;
/** More than these are not kept; the oldest go. */
const MAX_DEAD = 100_000;
const PAGE = 100;
const QUIT_MS = 1000;

/** How many originals are where. */
export interface QueueCounts {
  /** Those that are to be tried again later are among them. */
  readonly waiting: number;
  readonly active: number;
  readonly dead: number;
}

/** An original that was given up. */
interface DeadLetter {
  readonly key: string;
  readonly reason: string;
  readonly attempts: number;
  readonly failedAt: string;
}

/** Originals to be warmed up, shared by many processes: BullMQ, on Redis or Valkey. */
export interface WarmQueue {
  /** One job for each original; one that waits, or is dead, already is not added again. */
  add(orders: readonly WarmRequest[]): Promise<void>;
  counts(): Promise<QueueCounts>;
  dead(): AsyncGenerator<DeadLetter>;
  /** Puts the dead letters back; gives how many. */
  retryDead(): Promise<number>;
  work(options: WorkOptions): Work;
  close(): Promise<void>;
}

export interface WarmQueueOptions {
  readonly url: string;
  /** Both ends must call it the same. */
  readonly name: string;
}

/** @throws Error when the packages are not installed, or the queue cannot be reached */
export async function openQueue({ url, name }: WarmQueueOptions): Promise<WarmQueue> {
  const drivers = await loadDrivers();
  const connection = await connect(drivers, url);
  const queue: Queue<WarmRequest, WarmTally> = new drivers.Queue(name, {
    connection,
    prefix: PREFIX,
    defaultJobOptions: {
      attempts: ATTEMPTS,
      backoff: { type: "exponential", delay: BACKOFF_MS },
      removeOnComplete: true, // what has been made is in the bucket
      removeOnFail: { count: MAX_DEAD },
      stackTraceLimit: 0,
    },
  });
  queue.on("error", () => undefined); // the connection is made again by itself
  return {
    add: async (orders) => {
      await queue.addBulk(
        orders.map((data) => ({ name: "warm", data, opts: { jobId: hashRequest(data) } })),
      );
    },
    counts: async () => {
      const all = await queue.getJobCounts("wait", "delayed", "prioritized", "active", "failed");
      const { wait = 0, delayed = 0, prioritized = 0, active = 0, failed = 0 } = all;
      return { waiting: wait + delayed + prioritized, active, dead: failed };
    },
    dead: () => readDead(queue),
    retryDead: () => retryDead(queue),
    work: (options) => startWork(drivers, { ...options, connection, name }),
    close: async () => {
      await queue.close();
      // a server that is away would never be told
      await Promise.race([connection.quit(), pause(QUIT_MS)]);
      connection.disconnect();
    },
  };
}

/** The same for the same order, and no number: such an id BullMQ keeps for itself. */
function hashRequest({ key, outputs }: WarmRequest): string {
  const hash = createHash("sha256").update(JSON.stringify([key, outputs]));
  return `original-${hash.digest("hex")}`;
}

async function* readDead(queue: Queue<WarmRequest, WarmTally>): AsyncGenerator<DeadLetter> {
  for (let start = 0; ; start += PAGE) {
    const jobs = await queue.getFailed(start, start + PAGE - 1);
    for (const { data, failedReason, attemptsMade, finishedOn = 0 } of jobs) {
      const failedAt = new Date(finishedOn).toISOString();
      yield { key: data.key, reason: failedReason ?? "", attempts: attemptsMade, failedAt };
    }
    if (jobs.length < PAGE) return;
  }
}

async function retryDead(queue: Queue<WarmRequest, WarmTally>): Promise<number> {
  // those that die again meanwhile are not to be retried for ever
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
