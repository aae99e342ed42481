import type { Lane } from "./lanes.ts";
import type { Queue, Waiter } from "./queue.ts";
import type { Prospect } from "./worker.ts";

/** How many jobs of one original may be begun, one after the other, ahead of what has waited longer. */
const MAX_STREAK = 8;
/** What is left to do of a decode is divided from here on, in decodes; it costs less when one lane does all of it. */
const MIN_EFFORT = 4;
/** So much of it is to be left for the lane that has the decode. */
const MIN_REST = 2;
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

/**
 * The next one for a lane: one of the same picture as the lane's last job, one that shares its decode or its
 * original, or the first, and what other lanes are about to share only where there is nothing else.
 */
export function chooseNext(
  line: readonly Waiter[],
  { kept, streak }: Lane,
  others: readonly Kept[],
): Waiter | undefined {
  // what shares with a job that takes long is better off elsewhere
  const taken = others.filter((other) => !other.isHeavy);
  const isOwn = kept ? sharesWith(kept) : never;
  const free = line.filter(
    (waiter) => isOwn(waiter) || waiter.isHeavy || !taken.some(sharesWith(waiter)),
  );
  if (free.length === 0) return line.find((waiter) => isWorthTaking(waiter, line, taken));
  if (!kept || streak >= MAX_STREAK) return free[0];
  const isSibling = ({ bytes }: Waiter): boolean => bytes === kept.bytes;
  return free.find(isQuickTwinOf(kept)) ?? free.find(isOwn) ?? free.find(isSibling) ?? free[0];
}

/** Whether a lane with nothing else to do is to make what others would share. */
function isWorthTaking(waiter: Waiter, line: readonly Kept[], taken: readonly Kept[]): boolean {
  const busy = taken.filter(sharesWith(waiter));
  if (busy.some(isTwinOf(waiter))) return false;
  return isWorthSplitting(waiter, line, sumEffort(busy) / 2); // half of it is done, as far as one knows
}

/** What a lane has after a job, of all that it was given; others may have the rest. */
export function keepOf(job: Kept, { follow, isTwinned }: Prospect): Kept | undefined {
  if (follow === "nothing") return undefined;
  const { bytes, group, effort, looks, isHeavy } = job;
  return {
    bytes,
    effort,
    isHeavy,
    group: follow === "decode" ? group : undefined,
    looks: isTwinned ? looks : undefined,
  };
}

function never(): boolean {
  return false;
}

/**
 * Whether it is better to decode once more than to wait for the lane that has.
 *
 * @param begun what is left, in decodes, of what that lane is at
 */
function isWorthSplitting(job: Kept, line: readonly Kept[], begun: number): boolean {
  const sharing = line.filter(sharesWith(job));
  const all = sumEffort(sharing) + begun;
  return all >= MIN_EFFORT && all - sumEffort(sharing.filter(isTwinOf(job))) >= MIN_REST;
}

function sumEffort(jobs: readonly Kept[]): number {
  return jobs.reduce((sum, { effort }) => sum + effort, 0);
}

/**
 * What waits for the lane that is to make this job. So many others are idle; they take what shares nothing with
 * it, and only then some of what does.
 */
export function foresee(line: readonly Waiter[], job: Kept, idle: number): Prospect {
  const [twins, others] = split(line, isQuickTwinOf(job));
  const [sharing, apart] = split(others, sharesWith(job));
  const isTwinned = twins.length > 0;
  // with all lanes busy, as they are where the line is long, there is nothing to count
  const isSplit = (waiter: Waiter): boolean =>
    job.isHeavy || waiter.isHeavy || isWorthSplitting(waiter, line, job.effort);
  const takers = idle > 0 && sharing.some(isSplit) ? Math.max(0, idle - countGroups(apart)) : 0;
  if (sharing.length > takers) return { follow: "decode", isTwinned };
  const siblings = line.filter(({ bytes }) => bytes === job.bytes);
  return { follow: isTwinned || siblings.length > idle ? "original" : "nothing", isTwinned };
}

function split<T>(values: readonly T[], isFirst: (value: T) => boolean): readonly [T[], T[]] {
  return [values.filter(isFirst), values.filter((value) => !isFirst(value))];
}

/** How many lanes these could keep busy without a decode in vain. */
function countGroups(line: readonly Waiter[]): number {
  return line.filter(
    (waiter, index) => line.findIndex(sharesWith(waiter)) >= index || waiter.group === undefined,
  ).length;
}

/** What a lane has kept of its last job. */
export type Kept = Pick<Waiter, "bytes" | "group" | "effort" | "looks" | "isHeavy">;

/** Twins share the finished picture, also where there is no decode to share. */
function sharesWith(one: Kept): (other: Kept) => boolean {
  const { bytes, group } = one;
  const isTwin = isTwinOf(one);
  return (other) =>
    isTwin(other) || (group !== undefined && other.bytes === bytes && other.group === group);
}

function isTwinOf({ bytes, looks }: Kept): (other: Kept) => boolean {
  return (other) => looks !== undefined && other.bytes === bytes && other.looks === looks;
}

/** One that takes long is not to go ahead of others for what little it would share. */
function isQuickTwinOf(job: Kept): (other: Waiter) => boolean {
  const isTwin = isTwinOf(job);
  return (other) => !other.isHeavy && isTwin(other);
}
