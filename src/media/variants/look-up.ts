import { anySignal, createTimeout } from "../../abort.ts";
import { MediaError } from "../../errors.ts";
import type { ObjectInfo, ObjectStore } from "../../store/store.ts";
import type { VariantPrefix } from "../../url/variant-prefix.ts";
import type { Background } from "../../concurrency/background.ts";
import type { Demand } from "../../concurrency/coalesce.ts";
import type { OriginalVersion } from "../originals/locate.ts";
import type { MakeDeps } from "./make.ts";
import { storeVariant, transformOriginal } from "./make.ts";
import type { OriginalOrFile, Originals } from "../originals/originals.ts";
import { purgeVariants } from "../purge/purge.ts";
import type { VariantRequest } from "../../request/request.ts";
import type { Timings } from "./timings.ts";
import { timed } from "./timings.ts";
import type { Variant, VariantInfo } from "../variant.ts";
import { readVariantInfo } from "../variant.ts";

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
  /** Whether a job that somebody waits for would be taken; if not, its original need not be fetched. */
  readonly hasRoom: () => boolean;
  /** For all that one request asks of the stores before its answer. */
  readonly storeTimeoutMs: number;
  readonly background: Background;
}

export type VariantOutcome =
  | { readonly kind: "stored"; readonly info: VariantInfo }
  /** `written` tells whether the store has the variant, or a newer one, now; it never rejects. */
  | { readonly kind: "made"; readonly variant: Variant; readonly written: Promise<boolean> }
  /** It would have taken too long for anybody to wait. */
  | { readonly kind: "too_slow" };

interface LookUp {
  readonly request: VariantRequest;
  readonly demand: Demand;
  /** Rather not at all than slowly. */
  readonly skipIfSlow: boolean;
  /** How long each part takes is noted here. */
  readonly timings: Timings;
  /** For all of it. */
  readonly timeoutMs: number;
  /** What the store has under the variant's key, if that is known already. */
  readonly object?: ObjectInfo;
}

/** Asks the stores for a variant, and makes it when they have none that is current. */
export async function findOrMakeVariant(
  state: FindOrMakeDeps,
  task: LookUp,
): Promise<VariantOutcome> {
  const whole = createTimeout(task.timeoutMs);
  const ofStores = createTimeout(state.storeTimeoutMs);
  const { signal } = whole;
  const storeSignal = anySignal([signal, task.demand.abandoned, ofStores.signal]);
  try {
    return await headAndMake(state, { ...task, signal, storeSignal });
  } catch (error) {
    throw signal.aborted ? tooSlow(error) : error;
  } finally {
    whole.clear();
    ofStores.clear();
  }
}

function tooBusy(): MediaError {
  return new MediaError("overloaded", "too many images are being made, try again later");
}

function tooSlow(cause: unknown): MediaError {
  return cause instanceof MediaError
    ? cause
    : new MediaError("timeout", "the request took too long", { cause });
}

/** A look-up that has begun. */
interface Task extends LookUp {
  /** Ends the request. */
  readonly signal: AbortSignal;
  /** Ends what the request asks of the stores before its answer. */
  readonly storeSignal: AbortSignal;
}

/** What the store has under the variant's key. */
interface Present {
  readonly object: ObjectInfo | undefined;
  readonly info: VariantInfo | undefined;
  readonly checkedAt: number;
  /** The generation of the original when it was asked. */
  readonly generation: number;
}

async function headAndMake(state: FindOrMakeDeps, task: Task): Promise<VariantOutcome> {
  const { request } = task;
  const checkedAt = state.now();
  const generation = state.cache.getGeneration(request.key);
  const isChecking = state.freshness.mode === "check";
  const [object, current] = await timed(state.now, { timings: task.timings, phase: "head" }, () =>
    headBoth(state, task),
  );
  const info = object && readVariantInfo(request, object);
  const present = { object, info, checkedAt, generation };
  const stored = info && { info, checkedAt, generation };
  if (stored && !isChecking) return returnStored(state, request, stored);
  if (current instanceof MediaError) return returnUnchecked(state, request, { present, current });
  if (stored && info.sourceEtag === current?.etag) return returnStored(state, request, stored);
  return leaseAndMake(state, task, { present, current });
}

type Current = OriginalVersion | MediaError | undefined;

/** What the stores have now: the variant and, where that is to be checked, the original. */
async function headBoth(
  state: FindOrMakeDeps,
  task: Task,
): Promise<readonly [ObjectInfo | undefined, Current]> {
  const { variants, originals, freshness, hasRoom } = state;
  const { request, storeSignal } = task;
  const asked = task.object ?? variants.head(request.variantKey, storeSignal);
  if (freshness.mode !== "check") return [await asked, undefined];
  if (!originals.areFiles) return Promise.all([asked, headOriginal(state, task)]);
  // to wait for the first costs files next to nothing, and may save most of the second
  const object = await asked;
  const how = !object && hasRoom() ? "headToLease" : "head";
  return [object, await headOriginal(state, task, how)];
}

/** That an original's store is ill need not be the end of a request: its variant may be there. */
async function headOriginal(
  { originals }: FindOrMakeDeps,
  { request, storeSignal, demand }: Task,
  how: "head" | "headToLease" = "head",
): Promise<Current> {
  try {
    return await originals[how](request.key, storeSignal);
  } catch (error) {
    if (error instanceof MediaError && !demand.abandoned.aborted) return error;
    throw error;
  }
}

/** Better stale than nothing; it is looked behind again soon. */
function returnUnchecked(
  { cache, freshness, observe }: FindOrMakeDeps,
  request: VariantRequest,
  { present, current }: { readonly present: Present; readonly current: MediaError },
): VariantOutcome {
  const { info, checkedAt, generation } = present;
  if (!info) throw current;
  observe({
    kind: "background_failed",
    task: `check the original of ${request.key}`,
    error: current,
  });
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
  state: FindOrMakeDeps,
  task: Task,
  { present, current }: Versions,
): Promise<VariantOutcome> {
  const { request, storeSignal: signal } = task;
  if (task.demand.isAwaited() && !state.hasRoom()) throw tooBusy();
  const begin = state.now();
  const work = (original: OriginalOrFile): Promise<VariantOutcome | "moved"> => {
    task.timings.fetch = state.now() - begin;
    return makeFromOriginal(state, task, { present, original });
  };
  try {
    const options = { known: current, signal };
    const outcome = await state.originals.useOrLocate(request.key, options, work);
    if (outcome !== "moved") return outcome;
    // what was known of it is no longer true; of its bytes nobody can say so
    const again = await state.originals.use(request.key, { signal }, work);
    if (again !== "moved") return again;
    throw new MediaError("store_failed", "the original comes and goes");
  } catch (error) {
    const isTooLarge = error instanceof MediaError && error.code === "too_large";
    if (isTooLarge) state.cache.setFailure(request, error, present.generation);
    throw error;
  }
}

async function makeFromOriginal(
  state: FindOrMakeDeps,
  task: Task,
  { present, original }: { readonly present: Present; readonly original: OriginalOrFile },
): Promise<VariantOutcome | "moved"> {
  const { request } = task;
  if (original.kind === "missing") {
    const isKnownGone = present.object && original.isDefinite;
    if (isKnownGone) state.background.run(purgeVariants(state, request.key));
    throw recordMissing(state, request, present.generation);
  }
  // a HEAD that says missing may have been wrong
  const { info } = present;
  if (info?.sourceEtag === original.info.etag)
    return returnStored(state, request, { ...present, info });
  const { object, checkedAt, generation } = present;
  const variant = await transformOriginal(state, { ...task, generation }, original);
  if (variant === "moved") return variant;
  if (variant === "too_slow") return { kind: variant };
  const written = timed(state.now, { timings: task.timings, phase: "store" }, () =>
    storeVariant(state, request, { variant, replaces: object?.etag, checkedAt, generation }),
  );
  state.background.run(written);
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
  // purged meanwhile, it may be there no more
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
