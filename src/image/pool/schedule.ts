import type { Handover } from "../worker.ts";
import type { JobTraits, PooledWorker, Queue, WaitingJob } from "./queue.ts";

// Costs of jobs are CPU time of encoding, in that of one whole decode of their original.

/** Jobs of one original that a worker begins in a row while jobs wait that came before them. */
const MAX_RUN_LENGTH = 8;
/** A group is split only if at least this cost remains for each worker that has decoded the original already. */
const SPLIT_COST = 4;
/** A group is split only if at least this cost is outside of its most expensive image, which cannot be split. */
const SPLIT_REMAINDER = 2;
/** From this cost on a group is split before jobs that share nothing are begun. */
const EARLY_SPLIT_COST = 16;
/** Milliseconds since the last job of a visitor after which background jobs may use all workers. */
const IDLE_MS = 1000;

interface BackgroundShare {
  readonly queue: Queue;
  /** Number of workers. */
  readonly size: number;
  readonly backgroundJobs: number;
  /** When a visitor's job last began or ended. */
  readonly visitorAt: number;
}

/** Lists the background jobs that may begin: all while less than half of the workers run such jobs, else quick ones. */
export function selectBackground({
  queue,
  size,
  backgroundJobs,
  visitorAt,
}: BackgroundShare): readonly WaitingJob[] {
  const hasShare = backgroundJobs < Math.max(1, Math.floor(size / 2));
  if (hasShare) return queue.background;
  const areAway = performance.now() - visitorAt > IDLE_MS;
  return areAway ? queue.background.filter(({ isHeavy }) => !isHeavy) : [];
}

/**
 * Picks the next job for a worker: one of the same image as its last job, one that shares its decode or its original, or
 * the first. It picks what shares with running jobs of other workers only if there is nothing else, or much of it.
 *
 * @param running the jobs of other workers that keep something for their next job
 */
export function pickJob(
  line: readonly WaitingJob[],
  { cached, runLength }: PooledWorker,
  running: readonly JobTraits[],
): WaitingJob | undefined {
  // a heavy job would let its worker begin those that share with it too late
  const quick = running.filter((job) => !job.isHeavy);
  const isOwn = cached ? matchSharing(cached) : never;
  const free = line.filter((job) => isOwn(job) || job.isHeavy || !quick.some(matchSharing(job)));
  const own = cached && runLength < MAX_RUN_LENGTH ? pickSharing(free, cached, quick) : undefined;
  return own ?? pickFirst(line, free, quick);
}

function pickSharing(
  free: readonly WaitingJob[],
  cached: JobTraits,
  running: readonly JobTraits[],
): WaitingJob | undefined {
  const hasSameOriginal = ({ bytes }: WaitingJob): boolean => bytes === cached.bytes;
  const isMadeElsewhere = (job: WaitingJob): boolean => running.some(matchImage(job));
  const [later, own] = partition(free.filter(matchSharing(cached)), isMadeElsewhere);
  return free.find(matchQuickImage(cached)) ?? own[0] ?? later[0] ?? free.find(hasSameOriginal);
}

function pickFirst(
  line: readonly WaitingJob[],
  free: readonly WaitingJob[],
  running: readonly JobTraits[],
): WaitingJob | undefined {
  const [first] = line;
  if (!first || first === free[0]) return first;
  if (free.length === 0) return pickPart(line, running, SPLIT_COST);
  const sharing = line.filter((job) => !job.isHeavy && matchSharing(first)(job));
  return pickPart(sharing, running, EARLY_SPLIT_COST) ?? free[0];
}

/** Picks a job of the first group that is worth a second decode, from those that share with running jobs. */
function pickPart(
  line: readonly WaitingJob[],
  running: readonly JobTraits[],
  splitCost: number,
): WaitingJob | undefined {
  const [first] = line;
  if (!first) return undefined;
  const [group, others] = partition(line, matchSharing(first));
  const begun = running.filter(matchSharing(first));
  // on average half of a running job is done
  const halves = begun.map((job) => ({ ...job, encodeCost: job.encodeCost / 2 }));
  const costs = sumCosts([...group, ...halves]);
  const isWorthIt =
    costs.total >= splitCost * begun.length && costs.total - costs.largest >= SPLIT_REMAINDER;
  const parts = isWorthIt ? group.filter((job) => !begun.some(matchImage(job))) : [];
  const [largest] = parts.toSorted((a, b) => costs.get(b) - costs.get(a));
  return largest ?? pickPart(others, running, splitCost);
}

interface CostSums {
  readonly total: number;
  /** Of the most expensive image, in all of its formats. */
  readonly largest: number;
  /** Of the image of a job. */
  get(job: JobTraits): number;
}

/** Sums the costs of jobs that share a decode, by the images that they make. */
function sumCosts(jobs: readonly JobTraits[]): CostSums {
  const images = new Map<unknown, number>();
  for (const job of jobs)
    images.set(getImageId(job), (images.get(getImageId(job)) ?? 0) + job.encodeCost);
  const costs = [...images.values()];
  return {
    total: costs.reduce((sum, cost) => sum + cost, 0),
    largest: Math.max(0, ...costs),
    get: (job) => images.get(getImageId(job)) ?? 0,
  };
}

function getImageId(job: JobTraits): unknown {
  return job.imageKey ?? job;
}

/** Says what a worker keeps of a job, as far as it is for other jobs. */
export function selectCached(
  { bytes, group, encodeCost, imageKey, isHeavy }: JobTraits,
  { next, sharesImage }: Handover,
): JobTraits | undefined {
  if (next === "nothing") return undefined;
  return {
    bytes,
    encodeCost,
    isHeavy,
    group: next === "decode" ? group : undefined,
    imageKey: sharesImage ? imageKey : undefined,
  };
}

function never(): boolean {
  return false;
}

/**
 * Plans what the worker of a job keeps for the jobs that wait. Idle workers take those that share nothing with it first,
 * and only then some of those that do.
 *
 * @param idle the number of idle workers
 */
export function planHandover(line: readonly WaitingJob[], job: JobTraits, idle: number): Handover {
  const [sameImage, others] = partition(line, matchQuickImage(job));
  const [sharing, apart] = partition(others, matchSharing(job));
  const sharesImage = sameImage.length > 0;
  const helpers = countHelpers(sharing, [job, ...sameImage], idle - countGroups(apart, idle));
  if (sharing.length > helpers) return { next: "decode", sharesImage };
  const sameOriginal = line.filter(({ bytes }) => bytes === job.bytes);
  const keepsOriginal = sharesImage || sameOriginal.length > idle;
  return { next: keepsOriginal ? "original" : "nothing", sharesImage };
}

function partition<T>(values: readonly T[], isFirst: (value: T) => boolean): readonly [T[], T[]] {
  return [values.filter(isFirst), values.filter((value) => !isFirst(value))];
}

/** Counts the idle workers that take some of what shares with jobs that another worker begins. */
function countHelpers(
  sharing: readonly WaitingJob[],
  begun: readonly JobTraits[],
  idle: number,
): number {
  if (idle <= 0 || begun.some(({ isHeavy }) => isHeavy)) return idle;
  const [heavy, quick] = partition(sharing, ({ isHeavy }) => isHeavy);
  const { total, largest } = sumCosts([...quick, ...begun]);
  const parts = total - largest >= SPLIT_REMAINDER ? Math.floor(total / SPLIT_COST) : 0;
  return Math.min(idle, heavy.length + parts);
}

/** Counts the workers that jobs keep busy without a second decode of anything quick, up to a limit. */
function countGroups(line: readonly WaitingJob[], limit: number): number {
  const firsts: WaitingJob[] = [];
  for (const job of line) {
    if (firsts.length >= limit) break;
    const isApart = job.isHeavy || job.group === undefined;
    if (isApart || !firsts.some(matchSharing(job))) firsts.push(job);
  }
  return firsts.length;
}

/** Matches jobs that share the decode, or the finished image, where there may be no decode to share. */
function matchSharing(one: JobTraits): (other: JobTraits) => boolean {
  const { bytes, group } = one;
  const isSameImage = matchImage(one);
  return (other) =>
    isSameImage(other) || (group !== undefined && other.bytes === bytes && other.group === group);
}

function matchImage({ bytes, imageKey }: JobTraits): (other: JobTraits) => boolean {
  return (other) => imageKey !== undefined && other.bytes === bytes && other.imageKey === imageKey;
}

/** Heavy jobs do not go ahead of others for the little that they would share. */
function matchQuickImage(job: JobTraits): (other: WaitingJob) => boolean {
  const isSameImage = matchImage(job);
  return (other) => !other.isHeavy && isSameImage(other);
}
