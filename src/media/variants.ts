import { MediaError } from "../errors.ts";
import type { ObjectInfo } from "../store/store.ts";
import type { Coalescer } from "./coalesce.ts";
import { createCoalescer } from "./coalesce.ts";
import type { LookUpDeps, Outcome } from "./look-up.ts";
import { lookUp } from "./look-up.ts";
import type { Seen } from "./memo.ts";
import type { VariantRequest } from "./request.ts";
import type { Variant, VariantInfo } from "./variant.ts";
import { readVariantInfo } from "./variant.ts";

/** The part of the TTL after which a check that failed is tried again. */
const RETRY_SHARE = 0.1;
/** More than any variant within the output limits has. */
const MAX_VARIANT_BYTES = 64 * 1024 * 1024;

export interface Variants {
  /** Finds a variant or makes it. */
  find(request: VariantRequest): Promise<Outcome>;
  /** The bytes of a variant that was found; made again should it have gone meanwhile. */
  read(request: VariantRequest, info: VariantInfo): Promise<Variant>;
}

interface State extends LookUpDeps {
  readonly jobs: Coalescer<Outcome>;
  readonly reads: Coalescer<Variant | undefined>;
  readonly peeks: Coalescer<ObjectInfo | undefined>;
}

/** The use case: a variant is looked up, made where there is none, answered, and kept. */
export function createVariants(deps: LookUpDeps): Variants {
  const state: State = {
    ...deps,
    // until it is written a variant cannot be found, only joined
    jobs: createCoalescer<Outcome>((outcome) =>
      outcome.kind === "made" ? outcome.written : Promise.resolve(),
    ),
    reads: createCoalescer<Variant | undefined>(),
    peeks: createCoalescer<ObjectInfo | undefined>(),
  };
  return {
    find: async (request) => {
      const outcome = await find(state, request);
      if (outcome.kind === "stored") state.observe({ kind: "hit" });
      return outcome;
    },
    read: (request, info) => readOrMake(state, request, info),
  };
}

async function find(state: State, request: VariantRequest): Promise<Outcome> {
  const { memo, jobs, observe } = state;
  const seen = memo.recall(request);
  if (seen) {
    const age = ageOf(state, seen.checkedAt);
    if (age === "stale") refresh(state, request, seen);
    if (age !== "expired") return { kind: "stored", info: seen.info };
  }
  const failure = memo.failureOf(request);
  if (failure) throw failure;
  const unwritten = memo.unwrittenOf(request.variantKey);
  if (unwritten) return { kind: "made", variant: unwritten, written: Promise.resolve() };
  if (jobs.has(request.variantKey)) observe({ kind: "join" });
  else if (!request.mayMake) return findOnly(state, request);
  return jobs.join(request.variantKey, () => lookUp(state, request));
}

/** Those who may have it made are not to wait for one who may not. */
async function findOnly(state: State, request: VariantRequest): Promise<Outcome> {
  const object = await state.peeks.join(request.variantKey, () =>
    state.variants.head(request.variantKey, AbortSignal.timeout(state.storeTimeoutMs)),
  );
  if (!object || !readVariantInfo(request, object)) {
    throw new MediaError("not_allowed", "a signature is needed to have this variant made");
  }
  // it has been made once, so it may be made anew
  return state.jobs.join(request.variantKey, () => lookUp(state, request));
}

function ageOf({ freshness, now }: State, checkedAt: number): "fresh" | "stale" | "expired" {
  const age = now() - checkedAt;
  if (freshness.mode === "immutable" || age < freshness.ttlMs) return "fresh";
  return age < 2 * freshness.ttlMs ? "stale" : "expired";
}

/** Looks behind an answer that has been given already; not for each of them while the store is ill. */
function refresh(state: State, request: VariantRequest, { triedAt }: Seen): void {
  const { memo, jobs, background, observe, now, freshness } = state;
  const isTried = triedAt !== undefined && now() - triedAt < freshness.ttlMs * RETRY_SHARE;
  if (isTried || jobs.has(request.variantKey)) return;
  memo.noteTry(request, now());
  const job = jobs.join(request.variantKey, () => lookUp(state, request));
  const report = (error: unknown): void => {
    const isGone = error instanceof MediaError && error.code === "original_not_found";
    if (isGone) return; // which is news, and no failure
    observe({ kind: "background_failed", task: `refresh ${request.variantKey}`, error });
  };
  background.run(job.catch(report));
}

async function readOrMake(
  state: State,
  request: VariantRequest,
  info: VariantInfo,
): Promise<Variant> {
  const variant = await read(state, request, info);
  if (variant) return variant;
  // deleted behind our back: what is known of it is wrong
  state.memo.forget(request.variantKey);
  const outcome = await find(state, request);
  if (outcome.kind === "made") return outcome.variant;
  const again = await read(state, request, outcome.info);
  if (again) return again;
  throw new MediaError("store_failed", "the variant comes and goes");
}

async function read(
  { memo, variants, reads }: State,
  request: VariantRequest,
  info: VariantInfo,
): Promise<Variant | undefined> {
  const { variantKey } = request;
  const kept = memo.bytesOf(variantKey, info);
  if (kept) return { info, bytes: kept };
  return reads.join(variantKey, async () => {
    const object = await variants.get(variantKey, { maxBytes: MAX_VARIANT_BYTES });
    const current = object.kind === "found" && readVariantInfo(request, object.info);
    if (!current) return undefined;
    const variant = { info: current, bytes: object.bytes };
    // another instance may have made it anew meanwhile
    memo.correct(request, current);
    memo.keepBytes(variantKey, variant);
    return variant;
  });
}
