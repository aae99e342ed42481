import type { ProviderName, Prices } from "./prices.ts";

/** What is to be served. */
export interface Workload {
  readonly originals: number;
  readonly variantsPerOriginal: number;
  /** Requests of visitors a second, on average. */
  readonly hitsPerSecond: number;
  /** The share of them that a CDN or a browser answers from its cache. */
  readonly hitRatio: number;
  readonly originalMb: number;
  readonly variantKb: number;
  /** The share of originals that is new or replaced each month. */
  readonly churn: number;
  /** How many times as many requests as on average there are in the busiest minute. */
  readonly peak: number;
  /** The share of variants that is asked for within `ttlSeconds`, each of which is looked after once. */
  readonly active: number;
  readonly ttlSeconds: number;
}

/** What it is served by: processor time as it was measured, on one core. */
export interface Machine {
  readonly cores: number;
  /** To have the catalogue made the first time. */
  readonly warmCores: number;
  readonly missMs: number;
  readonly redirectUs: number;
  readonly streamUs: number;
}

/** How pages come to their images. */
export const WAYS = ["redirect", "stream", "bucket"] as const;
export type Way = (typeof WAYS)[number];

/** Making the whole catalogue, all variants of an original together. */
interface FirstTime {
  readonly variants: number;
  readonly cpuHours: number;
  /** On `warmCores`, unless the store is slower. */
  readonly hours: number;
  readonly putsPerSecond: number;
  readonly requests: Requests;
  /** In US dollars, for the requests. */
  readonly cost: Readonly<Record<ProviderName, number>>;
}

/** What S3 is asked for: PUT and its like at one price, GET and HEAD at another. */
export interface Requests {
  readonly puts: number;
  readonly gets: number;
  readonly heads: number;
}

/** A month in one of the ways. */
export interface Month {
  readonly way: Way;
  /** In the busiest minute. */
  readonly requestsPerSecond: number;
  readonly instances: number;
  readonly requests: Requests;
  /** GET and HEAD in the busiest minute, of which S3 takes so many of a prefix. */
  readonly readsPerSecond: number;
  readonly cost: Readonly<Record<ProviderName, Cost>>;
}

/** In US dollars a month. */
interface Cost {
  readonly instances: number;
  readonly requests: number;
  readonly storage: number;
  /** Requests and bytes that visitors get, and bytes that a service sends to a CDN. */
  readonly delivery: number;
  readonly total: number;
}

export interface Estimate {
  readonly firstTime: FirstTime;
  readonly originalsGb: number;
  readonly variantsGb: number;
  /** Of new and replaced originals. */
  readonly newVariants: number;
  readonly memory: { readonly typicalMb: number; readonly limitMb: number };
  readonly months: readonly Month[];
}

export const PUTS_PER_PREFIX = 3500;
export const READS_PER_PREFIX = 5500;
const HOURS = 730;
const SECONDS = HOURS * 3600;
/** What is left for bursts, and for neighbours on the same machine. */
const UTILISATION = 0.6;
/** One may go at any time. */
const FEWEST_INSTANCES = 2;
/** The serving process, and each of its image processes: more than the 200 and 160 after 2,000 misses. */
const PARENT_MB = 280;
const CHILD_MB = 180;
/** Where the service would replace an image process; with what is in flight in the serving process. */
const PARENT_LIMIT_MB = 768;
const CHILD_LIMIT_MB = 512;

/** What a workload comes to. Pure arithmetic: whoever asks brings rates and prices. */
export function estimate(
  workload: Workload,
  machine: Machine,
  prices: Readonly<Record<ProviderName, Prices>>,
): Estimate {
  const { originals, variantsPerOriginal, churn, originalMb, variantKb } = workload;
  const variants = originals * variantsPerOriginal;
  return {
    firstTime: makeAll(workload, machine, prices),
    originalsGb: (originals * originalMb) / 1000,
    variantsGb: (variants * variantKb) / 1e6,
    newVariants: variants * churn,
    memory: memoryOf(machine),
    months: WAYS.map((way) => spendMonth(way, { workload, machine, prices })),
  };
}

function memoryOf({ cores }: Machine): Estimate["memory"] {
  return {
    typicalMb: PARENT_MB + CHILD_MB * cores,
    limitMb: PARENT_LIMIT_MB + CHILD_LIMIT_MB * cores,
  };
}

function makeAll(
  { originals, variantsPerOriginal }: Workload,
  { missMs, warmCores }: Machine,
  prices: Readonly<Record<ProviderName, Prices>>,
): FirstTime {
  const variants = originals * variantsPerOriginal;
  const putsPerSecond = Math.min((warmCores * 1000) / missMs, PUTS_PER_PREFIX);
  // each is looked for before it is made; all variants of an original share what is asked of that
  const requests = { puts: variants, gets: originals, heads: variants + originals };
  return {
    variants,
    cpuHours: (variants * missMs) / 3_600_000,
    hours: variants / putsPerSecond / 3600,
    putsPerSecond,
    requests,
    cost: { aws: priceRequests(requests, prices.aws), r2: priceRequests(requests, prices.r2) },
  };
}

interface Given {
  readonly workload: Workload;
  readonly machine: Machine;
  readonly prices: Readonly<Record<ProviderName, Prices>>;
}

function spendMonth(way: Way, given: Given): Month {
  const { workload, prices } = given;
  const { peak, hitsPerSecond, hitRatio } = workload;
  const misses = missesOf(workload);
  const beyondCdn = hitsPerSecond * (1 - hitRatio);
  const served = { redirect: hitsPerSecond, stream: beyondCdn, bucket: 0 }[way];
  const instances = countInstances(
    { way, served: served * peak, misses: misses * peak },
    given.machine,
  );
  const checks = Math.min(
    served,
    (instances * variantsOf(workload) * workload.active) / workload.ttlSeconds,
  );
  const perSecond = {
    puts: misses,
    // what the CDN lacks, and originals; a bucket that is asked first is asked for what it lacks, too
    gets: beyondCdn + misses + (way === "bucket" ? misses : 0),
    // a miss and a check look both for the variant and at its original
    heads: 2 * (misses + checks),
  };
  const requests = {
    puts: perSecond.puts * SECONDS,
    gets: perSecond.gets * SECONDS,
    heads: perSecond.heads * SECONDS,
  };
  const month = {
    way,
    requestsPerSecond: (served + misses) * peak,
    instances,
    requests,
    readsPerSecond: (perSecond.gets + perSecond.heads) * peak,
  };
  return {
    ...month,
    cost: { aws: priceMonth(month, given, prices.aws), r2: priceMonth(month, given, prices.r2) },
  };
}

function variantsOf({ originals, variantsPerOriginal }: Workload): number {
  return originals * variantsPerOriginal;
}

/** Of new and replaced originals, a second. */
function missesOf(workload: Workload): number {
  return (variantsOf(workload) * workload.churn) / SECONDS;
}

interface Load {
  readonly way: Way;
  /** Requests a second that are no misses, and misses. */
  readonly served: number;
  readonly misses: number;
}

/** HTTP is one process, and so one core, of an instance; images have them all. */
function countInstances({ way, served, misses }: Load, machine: Machine): number {
  const { cores, redirectUs, streamUs, missMs } = machine;
  const forHits = (served * (way === "stream" ? streamUs : redirectUs)) / 1e6;
  const forAll = forHits + (misses * missMs) / 1000;
  const fewest = Math.max(forHits, forAll / cores) / UTILISATION;
  return Math.max(FEWEST_INSTANCES, Math.ceil(fewest));
}

function priceRequests({ puts, gets, heads }: Requests, prices: Prices): number {
  return (puts * prices.put + (gets + heads) * prices.get) / 1e6;
}

function priceMonth(
  { way, instances, requests }: Omit<Month, "cost">,
  { workload, machine }: Given,
  prices: Prices,
): Cost {
  const { originals, originalMb, variantKb, hitsPerSecond, hitRatio } = workload;
  const perHour = machine.cores * prices.vcpu + (memoryOf(machine).limitMb / 1024) * prices.memory;
  const storedGb = (originals * originalMb) / 1000 + (variantsOf(workload) * variantKb) / 1e6;
  const sentGb = (hitsPerSecond * SECONDS * variantKb) / 1e6;
  const fromService = way === "stream" ? sentGb * (1 - hitRatio) * prices.service : 0;
  const cost = {
    instances: instances * perHour * HOURS,
    requests: priceRequests(requests, prices),
    storage: storedGb * prices.storage,
    delivery: sentGb * prices.egress + ((hitsPerSecond * SECONDS) / 1e6) * prices.cdn + fromService,
  };
  return { ...cost, total: cost.instances + cost.requests + cost.storage + cost.delivery };
}
