import { anySignal, createTimeout } from "../../async/abort.ts";
import type { Background } from "../../async/background.ts";
import type { Demand } from "../../async/shared-work.ts";
import { MediaError, tooManyTransforms } from "../../errors.ts";
import type { VariantRequest } from "../../request/request.ts";
import type { ObjectInfo, ObjectStore } from "../../store/store.ts";
import type { VariantPrefix } from "../../url/variant-key.ts";
import type { OriginalResult, Originals, OriginalVersion } from "../originals/originals.ts";
import { purgeGone } from "../purge/purge.ts";
import type { Variant, VariantInfo } from "../variant.ts";
import { readVariantInfo } from "../variant.ts";
import type { MakeDeps } from "./make.ts";
import { makeVariant, storeVariant } from "./make.ts";
import type { Timings } from "./timings.ts";
import { measurePhase } from "./timings.ts";

export interface FreshnessRules {
  /** `check`: the original is asked, at most once per TTL, whether it has changed. */
  readonly mode: "check" | "immutable";
  readonly ttlMs: number;
}

export interface FindOrMakeDeps extends MakeDeps {
  readonly originals: Originals;
  readonly variants: ObjectStore;
  readonly prefix: VariantPrefix;
  readonly freshness: FreshnessRules;
  /** True while the image processes take jobs that a client waits for; otherwise originals are not fetched. */
  readonly hasRoom: () => boolean;
  /** For all calls of the stores before the answer to one request. */
  readonly storeTimeoutMs: number;
  readonly background: Background;
}

export type VariantOutcome =
  | { readonly kind: "stored"; readonly info: VariantInfo }
  /** `written` tells whether the store has the variant, or a newer one, now; it never rejects. */
  | { readonly kind: "made"; readonly variant: Variant; readonly written: Promise<boolean> }
  /** The transform would take longer than a client waits. */
  | { readonly kind: "too_slow" };

interface FindOrMakeInput {
  readonly request: VariantRequest;
  readonly demand: Demand;
  /** Do not start a transform that would take longer than a client waits. */
  readonly skipIfSlow: boolean;
  /** Receives how long each part takes. */
  readonly timings: Timings;
  /** For all of it. */
  readonly timeoutMs: number;
  /** The object under the variant's key, if it is known already. */
  readonly object?: ObjectInfo;
}

/** Looks a variant up in the store, and makes it when there is none of the current original. */
export async function findOrMake(
  deps: FindOrMakeDeps,
  input: FindOrMakeInput,
): Promise<VariantOutcome> {
  const requestTimeout = createTimeout(input.timeoutMs);
  const storeTimeout = createTimeout(deps.storeTimeoutMs);
  const { signal } = requestTimeout;
  const storeSignal = anySignal([signal, input.demand.abandoned, storeTimeout.signal]);
  try {
    return await headAndMake(deps, { ...input, signal, storeSignal });
  } catch (error) {
    throw signal.aborted ? toRequestTimeout(error) : error;
  } finally {
    requestTimeout.clear();
    storeTimeout.clear();
  }
}

/** MediaErrors as they are; anything else is taken for the end of the request's time. */
export function toRequestTimeout(error: unknown): MediaError {
  if (error instanceof MediaError) return error;
  return new MediaError("timeout", "the request took too long", { cause: error });
}

interface Task extends FindOrMakeInput {
  /** Ends the request. */
  readonly signal: AbortSignal;
  /** Ends the calls of the stores before the answer. */
  readonly storeSignal: AbortSignal;
}

/** The object under the variant's key, when it was looked for. */
interface Present {
  readonly object: ObjectInfo | undefined;
  /** Undefined unless the object is a complete variant. */
  readonly info: VariantInfo | undefined;
  readonly checkedAt: number;
  /** The generation of the original then. */
  readonly generation: number;
}

async function headAndMake(deps: FindOrMakeDeps, task: Task): Promise<VariantOutcome> {
  const { request, timings } = task;
  const checkedAt = deps.now();
  const generation = deps.cache.getGeneration(request.key);
  const [object, current] = await measurePhase(deps.now, { timings, phase: "head" }, () =>
    headBoth(deps, task),
  );
  const info = object && readVariantInfo(request, object);
  const present = { object, info, checkedAt, generation };
  const stored = info && { info, checkedAt, generation };
  if (stored && deps.freshness.mode !== "check") return returnStored(deps, request, stored);
  if (current instanceof MediaError) return returnUnchecked(deps, request, { present, current });
  if (stored && info.sourceEtag === current?.etag) return returnStored(deps, request, stored);
  return leaseAndMake(deps, task, { present, current });
}

/** The version of an original, or the reason why it is not known; undefined where it is missing. */
type Current = OriginalVersion | MediaError | undefined;

/** Heads the variant and, where it is checked, the original. */
async function headBoth(
  deps: FindOrMakeDeps,
  task: Task,
): Promise<readonly [ObjectInfo | undefined, Current]> {
  const { variants, originals, freshness } = deps;
  const { request, storeSignal } = task;
  const heading = task.object ?? variants.head(request.variantKey, storeSignal);
  if (freshness.mode !== "check") return [await heading, undefined];
  if (!originals.areLocal) return Promise.all([heading, headOriginal(deps, task)]);
  // a file that is going to be read need not be asked first
  const object = await heading;
  return [object, object && (await headOriginal(deps, task))];
}

/** A failing store of originals does not end the request: the variant may be stored. */
async function headOriginal(
  { originals }: FindOrMakeDeps,
  { request, storeSignal, demand }: Task,
): Promise<Current> {
  try {
    return await originals.head(request.key, storeSignal);
  } catch (error) {
    if (error instanceof MediaError && !demand.abandoned.aborted) return error;
    throw error;
  }
}

/** Answers a variant that may be stale, rather than nothing; the original is checked again soon. */
function returnUnchecked(
  { cache, freshness, observe }: FindOrMakeDeps,
  request: VariantRequest,
  { present, current }: { readonly present: Present; readonly current: MediaError },
): VariantOutcome {
  const { info, checkedAt, generation } = present;
  if (!info) throw current;
  const task = `check the original of ${request.key}`;
  observe({ kind: "background_failed", task, error: current });
  if (cache.getGeneration(request.key) === generation) {
    cache.set(request, info, checkedAt - freshness.ttlMs);
    cache.setTried(request, checkedAt);
  }
  return { kind: "stored", info };
}

interface Versions {
  readonly present: Present;
  readonly current: OriginalVersion | undefined;
}

async function leaseAndMake(
  deps: FindOrMakeDeps,
  task: Task,
  { present, current }: Versions,
): Promise<VariantOutcome> {
  const { originals, cache, hasRoom, now } = deps;
  const { request, timings, storeSignal: signal } = task;
  if (task.demand.isAwaited() && !hasRoom()) throw tooManyTransforms();
  const begin = now();
  try {
    using lease = await originals.lease(request.key, { known: current, signal });
    timings.fetch = now() - begin;
    return await makeFromOriginal(deps, task, { present, original: lease.original });
  } catch (error) {
    const isTooLarge = error instanceof MediaError && error.code === "too_large";
    if (isTooLarge) cache.setFailure(request, error, present.generation);
    throw error;
  }
}

async function makeFromOriginal(
  deps: FindOrMakeDeps,
  task: Task,
  { present, original }: { readonly present: Present; readonly original: OriginalResult },
): Promise<VariantOutcome> {
  const { request, timings } = task;
  if (original.kind === "missing") {
    const isKnownGone = present.object && original.isDefinite;
    if (isKnownGone) deps.background.run(purgeGone(deps, request.key));
    throw recordMissing(deps, request, present.generation);
  }
  // a HEAD that says missing may have been wrong
  const { info } = present;
  if (info?.sourceEtag === original.info.etag) {
    return returnStored(deps, request, { ...present, info });
  }
  const { object, checkedAt, generation } = present;
  const variant = await makeVariant(deps, { ...task, generation }, original);
  if (variant === "too_slow") return { kind: variant };
  const written = measurePhase(deps.now, { timings, phase: "store" }, () =>
    storeVariant(deps, request, { variant, replaces: object?.etag, checkedAt, generation }),
  );
  deps.background.run(written);
  return { kind: "made", variant, written };
}

function returnStored(
  { cache }: FindOrMakeDeps,
  request: VariantRequest,
  {
    info,
    checkedAt,
    generation,
  }: Pick<Present, "checkedAt" | "generation"> & { readonly info: VariantInfo },
): VariantOutcome {
  // a purge meanwhile may have deleted it
  if (cache.getGeneration(request.key) === generation) cache.set(request, info, checkedAt);
  return { kind: "stored", info };
}

function recordMissing(
  { cache }: FindOrMakeDeps,
  request: VariantRequest,
  generation: number,
): MediaError {
  const error = new MediaError("original_not_found", `there is no original "${request.key}"`);
  cache.delete(request.variantKey);
  cache.setFailure(request, error, generation);
  return error;
}
