import { MediaError } from "../../errors.ts";
import { INPUTS, sniffFormat } from "../input/formats.ts";
import { isHeavyOutput } from "../output/formats.ts";
import type { TransformJob } from "../pipeline/pipeline.ts";
import { findDecodeGroup, printImageKey, UNKNOWN_ENCODE_COST } from "../share/decode-group.ts";
import type { Handover, ImageWorker } from "../worker.ts";

/** Background jobs that may wait for each job of a visitor that may. */
const BACKGROUND_FACTOR = 10;

export interface JobOptions {
  /** Ends the job while it waits or runs. */
  readonly signal: AbortSignal;
  /** Ends the job while it waits: no client wants it any more. */
  readonly abandoned?: AbortSignal;
  /** True while a client waits for it. Other jobs are background jobs, which begin after those of visitors. */
  readonly isAwaited?: () => boolean;
  /** Calls the listener when a client begins to wait for a background job. */
  readonly onAwaited?: (listener: () => void) => void;
}

export interface QueueLimits {
  /** Jobs of visitors that may wait. */
  readonly queueLimit: number;
  /** Milliseconds that a visitor's job may wait. */
  readonly queueWaitMs: number;
}

/** The traits by which jobs share work. A worker has those of what it keeps of its last job. */
export type JobTraits = Pick<WaitingJob, "bytes" | "group" | "encodeCost" | "imageKey" | "isHeavy">;

export interface PooledWorker {
  readonly worker: ImageWorker;
  cached: JobTraits | undefined;
  /** Jobs of one original that it has begun in a row. */
  runLength: number;
}

/** A worker for a job. */
export interface Assignment extends Handover {
  readonly pooled: PooledWorker;
  /** No client waited when the job began. */
  readonly isBackground: boolean;
}

export interface WaitingJob {
  readonly bytes: Uint8Array;
  /** The same for jobs of one original that can share its decode. */
  readonly group: number | undefined;
  /** CPU time of encoding, in that of decoding the original. */
  readonly encodeCost: number;
  /** The same for jobs of one original that make the same image and encode it in different ways. */
  readonly imageKey: string | undefined;
  readonly isAwaited: () => boolean;
  /** It may take seconds. */
  readonly isHeavy: boolean;
  assign(assignment: Assignment): void;
  fail(error: unknown): void;
  /** Starts the time-out of the queue, because a client waits now. */
  startTimer(): void;
}

export interface Queue {
  readonly visitors: WaitingJob[];
  readonly background: WaitingJob[];
}

export interface AttemptOptions extends JobOptions {
  /** Its last worker died, so that it shares nothing with other jobs. */
  readonly isRetry: boolean;
}

/**
 * Waits for a worker.
 *
 * @throws MediaError `overloaded` when too many jobs wait, or this one waits too long
 */
export function waitInQueue(
  queue: Queue,
  job: TransformJob,
  { isRetry, ...options }: AttemptOptions & QueueLimits,
): Promise<Assignment> {
  const { isAwaited = always, queueLimit, queueWaitMs } = options;
  const isBackground = !isAwaited();
  const line = isBackground ? queue.background : queue.visitors;
  if (line.length >= queueLimit * (isBackground ? BACKGROUND_FACTOR : 1)) {
    throw new MediaError("overloaded", "too many images are being made, try again later");
  }
  const decode = isRetry ? undefined : findDecodeGroup(job);
  return new Promise((resolve, reject) => {
    const signals = [options.signal, options.abandoned].filter((signal) => signal !== undefined);
    const leave = (): void => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener("abort", abort);
      remove(queue, waiting);
    };
    const waiting: WaitingJob = {
      bytes: job.bytes,
      group: decode?.shrink,
      encodeCost: decode?.encodeCost ?? UNKNOWN_ENCODE_COST,
      imageKey: isRetry ? undefined : printImageKey(job, mayHaveAlpha(job.bytes)),
      isAwaited,
      isHeavy: isHeavyOutput(job.format, job.spec),
      assign: (assignment) => {
        leave();
        resolve(assignment);
      },
      fail: (error) => {
        leave();
        reject(error);
      },
      startTimer: () => {
        timer ??= setTimeout(expire, queueWaitMs);
      },
    };
    const abort = (event: Event): void => waiting.fail((event.target as AbortSignal).reason);
    const expire = (): void => {
      timer = undefined;
      if (isBackground && !isAwaited()) {
        remove(queue, waiting);
        queue.background.push(waiting); // the client that waited for it has left
        return;
      }
      const problem = `no image could be begun within ${queueWaitMs} ms, try again later`;
      waiting.fail(new MediaError("overloaded", problem));
    };
    let timer: NodeJS.Timeout | undefined;
    if (!isBackground) waiting.startTimer();
    for (const signal of signals) signal.addEventListener("abort", abort, { once: true });
    line.push(waiting);
  });
}

function mayHaveAlpha(original: Uint8Array): boolean {
  const format = sniffFormat(original);
  return !format || INPUTS[format].hasAlpha;
}

function always(): boolean {
  return true;
}

function remove({ visitors, background }: Queue, job: WaitingJob): void {
  for (const line of [visitors, background]) {
    const index = line.indexOf(job);
    if (index !== -1) line.splice(index, 1);
  }
}

/** Moves background jobs that a client waits for by now to those of visitors. */
export function promoteAwaited(queue: Queue): void {
  for (const job of queue.background.filter(({ isAwaited }) => isAwaited())) {
    remove(queue, job);
    queue.visitors.push(job);
    job.startTimer();
  }
}
