import { MediaError } from "../errors.ts";
import type { DecodeGroup } from "./decode-group.ts";
import { findDecodeGroup } from "./decode-group.ts";
import type { Lane } from "./lanes.ts";
import type { TransformJob } from "./pipeline.ts";
import type { Follow } from "./worker.ts";

/** For each job of visitors that may wait, so many may wait for which nobody does. */
const BACKGROUND_LIMIT = 10;
/** How many jobs of one original may be begun, one after the other, ahead of what has waited longer. */
const MAX_STREAK = 8;
/** A burst of a page's `srcset` is smaller, and costs less when one lane makes all of it. */
const MIN_SPLIT = 8;

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

export interface Turn {
  readonly lane: Lane;
  readonly follow: Follow;
  /** Nobody waited for it when it was begun. */
  readonly isBackground: boolean;
}

export interface Waiter {
  readonly bytes: Uint8Array;
  readonly group: DecodeGroup | undefined;
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
    throw new MediaError("overloaded", "too many pictures are being made, try again later");
  }
  return new Promise((resolve, reject) => {
    const signals = [options.signal, options.abandoned].filter((signal) => signal !== undefined);
    const leave = (): void => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener("abort", abort);
      remove(queue, waiter);
    };
    const waiter: Waiter = {
      bytes: job.bytes,
      group: isRetry ? undefined : findDecodeGroup(job),
      isAwaited,
      isHeavy: takesLong(job),
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
      const problem = `no picture could be begun within ${queueWaitMs} ms, try again later`;
      waiter.fail(new MediaError("overloaded", problem));
    };
    let timer: NodeJS.Timeout | undefined;
    if (!isBackground) waiter.hurry();
    for (const signal of signals) signal.addEventListener("abort", abort, { once: true });
    line.push(waiter);
  });
}

function takesLong({ format, spec }: TransformJob): boolean {
  return format === "avif" || spec.lossless === true || spec.animated === true;
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

/** As long as that after the last one, others may come any moment. */
const VISITORS_AWAY_MS = 1000;

interface Share {
  readonly queue: Queue;
  /** How many workers there are. */
  readonly size: number;
  readonly backgroundJobs: number;
  /** When a visitor's job last began or ended. */
  readonly visitorAt: number;
}

/** Background jobs have all workers while no visitors are about, but for those that would keep one waiting. */
export function chooseBackground({
  queue,
  size,
  backgroundJobs,
  visitorAt,
}: Share): readonly Waiter[] {
  const hasShare = backgroundJobs < Math.max(1, Math.floor(size / 2));
  if (hasShare) return queue.background;
  const areAway = performance.now() - visitorAt > VISITORS_AWAY_MS;
  return areAway ? queue.background.filter(({ isHeavy }) => !isHeavy) : [];
}

/** Somebody has come who waits for what nobody did. */
export function promote(queue: Queue): void {
  for (const waiter of queue.background.filter(({ isAwaited }) => isAwaited())) {
    remove(queue, waiter);
    queue.visitors.push(waiter);
    waiter.hurry();
  }
}

/**
 * The next one for a lane: one that shares the decode or the original of the lane's last job, or the first,
 * but not what other lanes are about to share. Of those that share a decode it is the widest, which
 * others can be made of.
 */
export function chooseNext(
  line: readonly Waiter[],
  { kept, streak }: Lane,
  others: readonly Kept[],
): Waiter | undefined {
  const isAllowed = kept !== undefined && streak < MAX_STREAK;
  // what shares with a job that takes long is better off elsewhere
  const taken = others.filter((other) => !other.isHeavy);
  const free = line.filter(
    (waiter) => !taken.some(sharesWith(waiter)) || isWorthSplitting(line, waiter),
  );
  const lead =
    (isAllowed &&
      (free.find(sharesWith(kept)) ?? free.find(({ bytes }) => bytes === kept.bytes))) ||
    free[0];
  return lead && line.filter(sharesWith(lead)).reduce(wider, lead);
}

/** Whether it is better to decode once more than to wait for the lane that has. */
function isWorthSplitting(line: readonly Waiter[], waiter: Waiter): boolean {
  return waiter.isHeavy || line.filter(sharesWith(waiter)).length >= MIN_SPLIT;
}

/**
 * What waits for the lane that takes `waiter`. So many others are idle; they take what shares nothing with
 * it, and only then some of what does.
 */
export function foresee(line: readonly Waiter[], waiter: Waiter, idle: number): Follow {
  const [sharing, apart] = split(line, sharesWith(waiter));
  const isSplit = isWorthSplitting(line, waiter);
  // with all lanes busy, as they are where the line is long, there is nothing to count
  const takers = isSplit && idle > 0 ? Math.max(0, idle - countGroups(apart)) : 0;
  if (sharing.length > takers) return "decode";
  const siblings = line.filter(({ bytes }) => bytes === waiter.bytes);
  return siblings.length > idle ? "original" : "nothing";
}

function split<T>(values: readonly T[], isFirst: (value: T) => boolean): readonly [T[], T[]] {
  return [values.filter(isFirst), values.filter((value) => !isFirst(value))];
}

/** How many lanes these could keep busy without a decode in vain. */
function countGroups(line: readonly Waiter[]): number {
  return line.filter(
    (waiter, index) => line.findIndex(sharesWith(waiter)) >= index || !waiter.group,
  ).length;
}

type Place = Pick<Waiter, "bytes" | "group">;

/** What a lane has kept of its last job. */
export type Kept = Pick<Waiter, "bytes" | "group" | "isHeavy">;

function sharesWith({ bytes, group }: Place): (other: Place) => boolean {
  return (other) =>
    group !== undefined && other.bytes === bytes && other.group?.name === group.name;
}

function wider(one: Waiter, other: Waiter): Waiter {
  return (other.group?.width ?? 0) > (one.group?.width ?? 0) ? other : one;
}
