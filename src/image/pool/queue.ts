import { MediaError, tooManyTransforms } from "../../errors.ts";
import { describeLooks, findDecodeGroup, UNKNOWN_EFFORT } from "../share/decode-group.ts";
import type { TransformJob } from "../pipeline/pipeline.ts";
import { isHeavyOutput } from "../output/formats.ts";
import { getInput, sniffFormat } from "../input/formats.ts";
import type { Prospect, Worker } from "../worker.ts";

/** For each job of visitors that may wait, so many may wait for which nobody does. */
const BACKGROUND_LIMIT = 10;

export interface JobOptions {
  /** Ends the job, whether it waits or runs. */
  readonly signal: AbortSignal;
  /** Nobody waits for it any more: unless it has begun it need not begin. */
  readonly abandoned?: AbortSignal;
  /** Whether anybody waits for it; where nobody does, visitors come first. */
  readonly isAwaited?: () => boolean;
  /** Calls back when somebody comes who waits, where nobody did. */
  readonly onAwaited?: (listener: () => void) => void;
}

export interface QueueOptions {
  /** How many jobs of visitors may wait, and how long, in milliseconds. */
  readonly queueLimit: number;
  readonly queueWaitMs: number;
}

/** What a lane has kept of its last job. */
export type Kept = Pick<Waiter, "bytes" | "group" | "effort" | "looks" | "isHeavy">;

/** A worker, and what it has kept. */
export interface Lane {
  readonly worker: Worker;
  kept: Kept | undefined;
  /** How many jobs of one original it has begun in a row. */
  streak: number;
}

export interface Turn extends Prospect {
  readonly lane: Lane;
  /** Nobody waited for it when it was begun. */
  readonly isBackground: boolean;
}

export interface Waiter {
  readonly bytes: Uint8Array;
  /** The same for jobs of one original that can share its decode. */
  readonly group: number | undefined;
  /** About what it takes beside the decode: 1 is as long as that. */
  readonly effort: number;
  /** The same for jobs of one original that differ only in how its image is encoded. */
  readonly looks: string | undefined;
  readonly isAwaited: () => boolean;
  /** It may take seconds. */
  readonly isHeavy: boolean;
  give(turn: Turn): void;
  fail(error: unknown): void;
  /** Somebody waits for it by now, and not for ever. */
  hurry(): void;
}

export interface Queue {
  readonly visitors: Waiter[];
  readonly background: Waiter[];
}

export interface Entry extends JobOptions {
  /** Its last worker died: it is to depend on no other job. */
  readonly isRetry: boolean;
}

/**
 * Waits for a lane.
 *
 * @throws MediaError `overloaded` when too many wait, or it takes too long
 */
export function enter(
  queue: Queue,
  job: TransformJob,
  { isRetry, ...options }: Entry & QueueOptions,
): Promise<Turn> {
  const { isAwaited = always, queueLimit, queueWaitMs } = options;
  const isBackground = !isAwaited();
  const line = isBackground ? queue.background : queue.visitors;
  if (line.length >= queueLimit * (isBackground ? BACKGROUND_LIMIT : 1)) {
    throw tooManyTransforms();
  }
  const decode = isRetry ? undefined : findDecodeGroup(job);
  return new Promise((resolve, reject) => {
    const signals = [options.signal, options.abandoned].filter((signal) => signal !== undefined);
    const leave = (): void => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener("abort", abort);
      remove(queue, waiter);
    };
    const waiter: Waiter = {
      bytes: job.bytes,
      group: decode?.shrink,
      effort: decode?.effort ?? UNKNOWN_EFFORT,
      looks: isRetry ? undefined : describeLooks(job, mayHaveAlpha(job.bytes)),
      isAwaited,
      isHeavy: isHeavyOutput(job.format, job.spec),
      give: (turn) => {
        leave();
        resolve(turn);
      },
      fail: (error) => {
        leave();
        reject(error);
      },
      hurry: () => {
        timer ??= setTimeout(expire, queueWaitMs);
      },
    };
    const abort = (event: Event): void => waiter.fail((event.target as AbortSignal).reason);
    const expire = (): void => {
      timer = undefined;
      if (isBackground && !isAwaited()) {
        remove(queue, waiter);
        queue.background.push(waiter); // who came for it has gone again
        return;
      }
      const problem = `no image could be begun within ${queueWaitMs} ms, try again later`;
      waiter.fail(new MediaError("overloaded", problem));
    };
    let timer: NodeJS.Timeout | undefined;
    if (!isBackground) waiter.hurry();
    for (const signal of signals) signal.addEventListener("abort", abort, { once: true });
    line.push(waiter);
  });
}

function mayHaveAlpha(original: Uint8Array): boolean {
  const format = sniffFormat(original);
  return !format || getInput(format).hasAlpha;
}

function always(): boolean {
  return true;
}

function remove({ visitors, background }: Queue, waiter: Waiter): void {
  for (const line of [visitors, background]) {
    const index = line.indexOf(waiter);
    if (index !== -1) line.splice(index, 1);
  }
}

/** Somebody has come who waits for what nobody did. */
export function promote(queue: Queue): void {
  for (const waiter of queue.background.filter(({ isAwaited }) => isAwaited())) {
    remove(queue, waiter);
    queue.visitors.push(waiter);
    waiter.hurry();
  }
}
