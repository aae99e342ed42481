import { anySignal } from "../../abort.ts";
import { MediaError } from "../../errors.ts";
import type { ObjectInfo, ObjectStore } from "../../store/store.ts";
import type { ReadBytes } from "./read.ts";
import { createBytes } from "./read.ts";
import type { Coalescer, Demand } from "../../concurrency/coalesce.ts";
import { createCoalescer } from "../../concurrency/coalesce.ts";
import type { FindOrMakeDeps, VariantOutcome } from "./look-up.ts";
import { findOrMakeVariant } from "./look-up.ts";
import type { VariantCache, CachedVariant } from "../variant-cache.ts";
import type { ReaderDeps } from "./read-stored.ts";
import type { VariantRequest } from "../../request/request.ts";
import type { Timings } from "./timings.ts";
import type { VariantInfo } from "../variant.ts";
import { readVariantInfo } from "../variant.ts";

/** The part of the TTL after which a check that failed is tried again. */
const RETRY_SHARE = 0.1;

/** More than all that a busy service puts before work that nobody waits for. */
const BACKGROUND_TIMEOUT_MS = 10 * 60_000;

export interface FindOptions {
  /** Fires when whoever asks has gone: what nobody else waits for need not be begun. */
  readonly signal?: AbortSignal;
  /** Nobody waits for the answer: visitors come first. */
  readonly isBackground?: boolean;
  /** How long each part of it takes is noted here. */
  readonly timings?: Timings;
}

/** What was found or made, and of which request: under `f_auto` that may be another format. */
export type FoundVariant = Exclude<VariantOutcome, { kind: "too_slow" }> & {
  readonly request: VariantRequest;
};

export interface Variants {
  /** Finds a variant or makes it. */
  find(request: VariantRequest, options?: FindOptions): Promise<FoundVariant>;
  /** What is known without asking anybody; not counted as a hit until it is answered. */
  getCached(request: VariantRequest): FoundVariant | undefined;
  /** The bytes of a variant that was found, if they are at hand. */
  getCachedBytes(request: VariantRequest, info: VariantInfo): Uint8Array | undefined;
  /** The bytes of a variant that was found; made again should it have gone meanwhile. */
  readonly read: ReadBytes;
}

export interface VariantsDeps extends FindOrMakeDeps, ReaderDeps {
  /** For one request in all. */
  readonly requestTimeoutMs: number;
  readonly variants: ObjectStore;
}

interface State extends VariantsDeps {
  readonly jobs: Coalescer<VariantOutcome>;
  readonly heads: Coalescer<ObjectInfo | undefined>;
  /** The keys of variants that were declined and are being made behind the answers. */
  readonly makingSlowly: Set<string>;
}

/** The use case: a variant is looked up, made where there is none, answered, and kept. */
export function createVariants(deps: VariantsDeps): Variants {
  const state: State = {
    ...deps,
    // until it is written a variant cannot be found, only joined
    jobs: createCoalescer<VariantOutcome>((outcome) =>
      outcome.kind === "made" ? outcome.written : undefined,
    ),
    heads: createCoalescer<ObjectInfo | undefined>(),
    makingSlowly: new Set(),
  };
  return {
    find: async (request, options = {}) => {
      const begin = state.now();
      const known = getCached(state, request);
      if (known && options.timings) options.timings.memo = state.now() - begin;
      const found = known ?? (await findVariant(state, request, options));
      if (found.kind === "stored") state.observe({ kind: "hit" });
      return found;
    },
    getCached: (request) => getCached(state, request),
    getCachedBytes: ({ variantKey }, info) => state.cache.getBytes(variantKey, info),
    read: createBytes({
      ...deps,
      find: (request, options) => findVariant(state, request, options),
    }),
  };
}

/** What is known without asking anybody. */
function getCached(state: State, request: VariantRequest): FoundVariant | undefined {
  const seen = state.cache.get(request);
  if (!seen) return undefined;
  const age = rateAge(state, seen.checkedAt);
  if (age === "expired") return undefined;
  if (age === "stale") refreshInBackground(state, request, seen);
  return { kind: "stored", info: seen.info, request };
}

async function findVariant(
  state: State,
  request: VariantRequest,
  options: FindOptions,
): Promise<FoundVariant> {
  const { cache, makingSlowly } = state;
  const { variantKey } = request;
  const other = request.alternative?.();
  const hasFailed = checkFailure(state, request, other !== undefined);
  if (other && (hasFailed || makingSlowly.has(variantKey))) return findOther(state, other, options);
  const variant = cache.getUnwritten(request);
  if (variant) return { kind: "made", variant, written: Promise.resolve(false), request };
  const object = await headUnlessMayMake(state, request);
  const outcome = await joinJob(
    state,
    { request, skipIfSlow: other !== undefined, object },
    options,
  );
  if (outcome.kind !== "too_slow") return { ...outcome, request };
  if (!other) return findVariant(state, request, options); // it was declined to somebody else
  makeInBackground(state, request);
  return findOther(state, other, options);
}

/**
 * Whether a variant could not be made lately.
 *
 * @throws MediaError why, unless there is another format that may be spared it
 */
function checkFailure({ cache }: State, request: VariantRequest, hasOther: boolean): boolean {
  const failure = cache.getFailure(request);
  if (failure && !(hasOther && isOfFormat(failure))) throw failure;
  return failure !== undefined;
}

function isOfFormat({ code }: MediaError): boolean {
  return code === "unusable_original" || code === "invalid_transform" || code === "timeout";
}

async function findOther(
  state: State,
  other: VariantRequest,
  options: FindOptions,
): Promise<FoundVariant> {
  return getCached(state, other) ?? findVariant(state, other, options);
}

/**
 * Those who may have it made are not to wait for one who may not.
 *
 * @returns what is there, where it had to be looked for
 */
async function headUnlessMayMake(
  { jobs, cache, heads, variants, storeTimeoutMs }: State,
  request: VariantRequest,
): Promise<ObjectInfo | undefined> {
  const { variantKey, mayMake } = request;
  if (mayMake || jobs.isWanted(nameJob(cache, request))) return undefined;
  const object = await heads.join(variantKey, () =>
    variants.head(variantKey, AbortSignal.timeout(storeTimeoutMs)),
  );
  // it has been made once, so it may be made anew
  if (object && readVariantInfo(request, object)) return object;
  throw new MediaError("not_allowed", "a signature is needed to have this variant made");
}

interface Wanted {
  readonly request: VariantRequest;
  readonly skipIfSlow: boolean;
  readonly object?: ObjectInfo | undefined;
}

async function joinJob(
  state: State,
  { request, skipIfSlow, object }: Wanted,
  { signal, isBackground = false, timings = {} }: FindOptions,
): Promise<VariantOutcome> {
  const { jobs, observe, requestTimeoutMs, now } = state;
  const begin = now();
  const name = nameJob(state.cache, request);
  const isJoining = jobs.has(name);
  if (isJoining) observe({ kind: "join" });
  const timeoutMs = isBackground ? BACKGROUND_TIMEOUT_MS : requestTimeoutMs;
  const patience = isJoining && !isBackground ? addTimeout(signal, requestTimeoutMs) : signal;
  const start = (demand: Demand): Promise<VariantOutcome> =>
    findOrMakeVariant(state, {
      request,
      skipIfSlow,
      demand,
      timings,
      timeoutMs,
      ...(object && { object }),
    });
  try {
    return await jobs.join(name, start, { signal: patience, isBackground });
  } catch (error) {
    if (!isTimeout(error)) throw error;
    throw new MediaError("timeout", "the request took too long", { cause: error });
  } finally {
    if (isJoining) timings.join = now() - begin;
  }
}

/** What was begun before a purge is of bytes that may be old, and not for those who come after it. */
function nameJob(cache: VariantCache, { key, variantKey }: VariantRequest): string {
  return `${cache.getGeneration(key)} ${variantKey}`;
}

/** The job may be one that nobody waited for, and has all the time in the world. */
function addTimeout(signal: AbortSignal | undefined, timeoutMs: number): AbortSignal {
  const timeout = AbortSignal.timeout(timeoutMs);
  return signal ? anySignal([signal, timeout]) : timeout;
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === "TimeoutError";
}

/** Makes what was declined, for later requests. */
function makeInBackground(state: State, request: VariantRequest): void {
  const { makingSlowly, background, observe } = state;
  const { variantKey } = request;
  if (makingSlowly.has(variantKey)) return;
  makingSlowly.add(variantKey);
  const job = joinJob(state, { request, skipIfSlow: false }, { isBackground: true });
  const report = (error: unknown): void =>
    observe({ kind: "background_failed", task: `make ${variantKey}`, error });
  background.run(job.catch(report).finally(() => makingSlowly.delete(variantKey)));
}

function rateAge({ freshness, now }: State, checkedAt: number): "fresh" | "stale" | "expired" {
  const age = now() - checkedAt;
  if (freshness.mode === "immutable" || age < freshness.ttlMs) return "fresh";
  return age < 2 * freshness.ttlMs ? "stale" : "expired";
}

/** Looks behind an answer that has been given already; not for each of them while the store is ill. */
function refreshInBackground(
  state: State,
  request: VariantRequest,
  { triedAt }: CachedVariant,
): void {
  const { cache, jobs, background, observe, now, freshness } = state;
  const isTried = triedAt !== undefined && now() - triedAt < freshness.ttlMs * RETRY_SHARE;
  if (isTried || jobs.has(nameJob(cache, request))) return;
  cache.setTried(request, now());
  const job = joinJob(state, { request, skipIfSlow: false }, { isBackground: true });
  const report = (error: unknown): void => {
    const isGone = error instanceof MediaError && error.code === "original_not_found";
    if (isGone) return; // which is news, and no failure
    observe({ kind: "background_failed", task: `refresh ${request.variantKey}`, error });
  };
  background.run(job.catch(report));
}
