import type { Kept, Lane, Queue, Waiter } from "./queue.ts";
import type { Prospect } from "../worker.ts";

/** How many jobs of one original may be begun, one after the other, ahead of what has waited longer. */
const MAX_STREAK = 8;
/**
 * For each lane that has a decode, so much is to be left of what shares it before another one takes part, in times of a
 * whole decode; it costs less when one does all of it.
 */
const MIN_EFFORT = 4;
/** So much of it is not to be the largest part, which one lane has to do in any case. */
const MIN_REST = 2;
/** So much of it takes its turn like what shares nothing. */
const MUCH_EFFORT = 16;
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
 * The next one for a lane: one of the same image as the lane's last job, one that shares its decode or its
 * original, or the first, and what other lanes are about to share only where there is nothing else, or much of it.
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
  const own = kept && streak < MAX_STREAK ? chooseOwn(free, kept, taken) : undefined;
  return own ?? chooseFirst(line, free, taken);
}

function chooseOwn(
  free: readonly Waiter[],
  kept: Kept,
  taken: readonly Kept[],
): Waiter | undefined {
  const isSibling = ({ bytes }: Waiter): boolean => bytes === kept.bytes;
  const isFinishedElsewhere = (waiter: Waiter): boolean => taken.some(isTwinOf(waiter));
  const [later, own] = split(free.filter(sharesWith(kept)), isFinishedElsewhere);
  return free.find(isQuickTwinOf(kept)) ?? own[0] ?? later[0] ?? free.find(isSibling);
}

function chooseFirst(
  line: readonly Waiter[],
  free: readonly Waiter[],
  taken: readonly Kept[],
): Waiter | undefined {
  const [first] = line;
  if (!first || first === free[0]) return first;
  if (free.length === 0) return findPart(line, taken, MIN_EFFORT);
  const sharing = line.filter((waiter) => !waiter.isHeavy && sharesWith(first)(waiter));
  return findPart(sharing, taken, MUCH_EFFORT) ?? free[0];
}

/** One of what others are about to share, of the first decode that is worth doing once more. */
function findPart(
  line: readonly Waiter[],
  taken: readonly Kept[],
  minEffort: number,
): Waiter | undefined {
  const [first] = line;
  if (!first) return undefined;
  const [sharing, others] = split(line, sharesWith(first));
  const busy = taken.filter(sharesWith(first));
  // half of what has begun is done, as far as one knows
  const begun = busy.map((job) => ({ ...job, effort: job.effort / 2 }));
  const left = weigh([...sharing, ...begun]);
  const isWorthIt = left.all >= minEffort * busy.length && left.all - left.most >= MIN_REST;
  const parts = isWorthIt ? sharing.filter((job) => !busy.some(isTwinOf(job))) : [];
  const [largest] = parts.toSorted((a, b) => left.of(b) - left.of(a));
  return largest ?? findPart(others, taken, minEffort);
}

interface Weights {
  /** In whole decodes. */
  readonly all: number;
  /** Of the image of which most is left, in all of its formats. */
  readonly most: number;
  /** Of the image of a job. */
  of(job: Kept): number;
}

function nameOf(job: Kept): unknown {
  return job.looks ?? job;
}

/** What is left to do of jobs that share a decode. */
function weigh(jobs: readonly Kept[]): Weights {
  const parts = new Map<unknown, number>();
  for (const job of jobs) parts.set(nameOf(job), (parts.get(nameOf(job)) ?? 0) + job.effort);
  const efforts = [...parts.values()];
  return {
    all: efforts.reduce((sum, effort) => sum + effort, 0),
    most: Math.max(0, ...efforts),
    of: (job) => parts.get(nameOf(job)) ?? 0,
  };
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
 * What waits for the lane that is to make this job. So many others are idle; they take what shares nothing with
 * it, and only then some of what does.
 */
export function foresee(line: readonly Waiter[], job: Kept, idle: number): Prospect {
  const [twins, others] = split(line, isQuickTwinOf(job));
  const [sharing, apart] = split(others, sharesWith(job));
  const isTwinned = twins.length > 0;
  const takers = countTakers(sharing, [job, ...twins], idle - countGroups(apart, idle));
  if (sharing.length > takers) return { follow: "decode", isTwinned };
  const siblings = line.filter(({ bytes }) => bytes === job.bytes);
  return { follow: isTwinned || siblings.length > idle ? "original" : "nothing", isTwinned };
}

function split<T>(values: readonly T[], isFirst: (value: T) => boolean): readonly [T[], T[]] {
  return [values.filter(isFirst), values.filter((value) => !isFirst(value))];
}

/** How many of so many idle lanes take some of what shares with these jobs, which another one begins with. */
function countTakers(sharing: readonly Waiter[], begun: readonly Kept[], idle: number): number {
  if (idle <= 0 || begun.some(({ isHeavy }) => isHeavy)) return idle;
  const [heavy, quick] = split(sharing, ({ isHeavy }) => isHeavy);
  const { all, most } = weigh([...quick, ...begun]);
  const divided = all - most >= MIN_REST ? Math.floor(all / MIN_EFFORT) : 0;
  return Math.min(idle, heavy.length + divided);
}

/** How many lanes these could keep busy without a quick decode in vain, up to a limit. */
function countGroups(line: readonly Waiter[], limit: number): number {
  const firsts: Waiter[] = [];
  for (const waiter of line) {
    if (firsts.length >= limit) break;
    const isApart = waiter.isHeavy || waiter.group === undefined;
    if (isApart || !firsts.some(sharesWith(waiter))) firsts.push(waiter);
  }
  return firsts.length;
}

/** Twins share the finished image, also where there is no decode to share. */
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
