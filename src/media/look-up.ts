import { MediaError } from "../errors.ts";
import type { GetResult, ObjectInfo, ObjectStore } from "../store/store.ts";
import type { OutputFormat, TransformSpec } from "../transform/spec.ts";
import type { VariantPrefix } from "../url/variant-prefix.ts";
import type { Background } from "./background.ts";
import type { Observe } from "./events.ts";
import type { Memo } from "./memo.ts";
import type { Originals } from "./originals.ts";
import { purgeVariants } from "./purge.ts";
import type { VariantRequest } from "./request.ts";
import type { MadeVariant, Variant, VariantInfo } from "./variant.ts";
import { describeVariant, readVariantInfo } from "./variant.ts";
import type { WriteBack } from "./write-back.ts";

export interface Freshness {
  /** `check`: the original is asked, at most once per TTL, whether it has changed. */
  readonly mode: "check" | "immutable";
  readonly ttlMs: number;
}

/** What a transform gives. */
interface Made {
  readonly bytes: Uint8Array;
  /** In pixels. */
  readonly width: number;
  readonly height: number;
}

export interface LookUpDeps {
  readonly originals: Originals;
  readonly variants: ObjectStore;
  /** Makes the bytes of a variant; throws MediaError. */
  readonly transform: (
    job: {
      readonly bytes: Uint8Array;
      readonly spec: TransformSpec;
      readonly format: OutputFormat;
    },
    signal: AbortSignal,
  ) => Promise<Made>;
  readonly prefix: VariantPrefix;
  readonly freshness: Freshness;
  readonly memo: Memo;
  readonly writeBack: WriteBack;
  /** For all that one request asks of the stores before its answer. */
  readonly storeTimeoutMs: number;
  /** For one request in all. */
  readonly requestTimeoutMs: number;
  readonly background: Background;
  readonly observe: Observe;
  /** Milliseconds since some beginning. */
  readonly now: () => number;
}

export type Outcome =
  | { readonly kind: "stored"; readonly info: VariantInfo }
  /** `written` settles when the variant has been kept, or could not be; it never rejects. */
  | { readonly kind: "made"; readonly variant: Variant; readonly written: Promise<unknown> };

/** Asks the stores for a variant, and makes it when they have none that is current. */
export async function lookUp(state: LookUpDeps, request: VariantRequest): Promise<Outcome> {
  const signal = AbortSignal.timeout(state.requestTimeoutMs);
  try {
    return await findOrMake(state, request, signal);
  } catch (error) {
    throw signal.aborted ? tooSlow(error) : error;
  }
}

function tooSlow(cause: unknown): MediaError {
  return cause instanceof MediaError
    ? cause
    : new MediaError("timeout", "the request took too long", { cause });
}

/** What the store has under the variant's key. */
interface Present {
  readonly object: ObjectInfo | undefined;
  readonly info: VariantInfo | undefined;
  readonly checkedAt: number;
}

async function findOrMake(
  state: LookUpDeps,
  request: VariantRequest,
  signal: AbortSignal,
): Promise<Outcome> {
  const storeSignal = AbortSignal.any([signal, AbortSignal.timeout(state.storeTimeoutMs)]);
  const checkedAt = state.now();
  const object = await state.variants.head(request.variantKey, storeSignal);
  const info = object && readVariantInfo(request, object);
  const present = { object, info, checkedAt };
  if (state.freshness.mode === "immutable" && info) return foundStored(state, request, present);
  const options = { knownEtag: info?.sourceEtag, signal: storeSignal };
  const work = (original: GetResult): Promise<Outcome> =>
    settle(state, request, { present, original, signal });
  return state.originals.use(request.key, options, work).catch((error: unknown) => {
    const isTooLarge = error instanceof MediaError && error.code === "too_large";
    if (isTooLarge) state.memo.noteFailure(request, error);
    throw error;
  });
}

interface Given {
  readonly present: Present;
  readonly original: GetResult;
  /** Ends the request. */
  readonly signal: AbortSignal;
}

async function settle(
  state: LookUpDeps,
  request: VariantRequest,
  { present, original, signal }: Given,
): Promise<Outcome> {
  if (original.kind === "not_modified") return foundStored(state, request, present);
  if (original.kind === "missing") {
    const isKnownGone = present.object && original.isDefinite;
    if (isKnownGone) state.background.run(purgeVariants(state, request.key));
    throw missing(state, request);
  }
  const variant = await make(state, request, { original, signal });
  const written = keep(state, request, { variant, present });
  state.background.run(written);
  return { kind: "made", variant, written };
}

function foundStored(
  { memo }: LookUpDeps,
  request: VariantRequest,
  { info, checkedAt }: Present,
): Outcome {
  if (!info) throw new MediaError("store_failed", "the store answered 304 without being asked to");
  memo.remember(request, info, checkedAt);
  return { kind: "stored", info };
}

type Original = Extract<GetResult, { kind: "found" }>;

async function make(
  { transform, memo, observe, now }: LookUpDeps,
  request: VariantRequest,
  { original, signal }: { readonly original: Original; readonly signal: AbortSignal },
): Promise<MadeVariant> {
  const { spec, format } = request;
  const begin = now();
  observe({ kind: "miss" });
  memo.forget(request.variantKey);
  try {
    const made = await transform({ bytes: original.bytes, spec, format }, signal);
    observe({ kind: "transform", format, ms: now() - begin });
    const dimensions = `${made.width}x${made.height}`;
    return {
      bytes: made.bytes,
      dimensions,
      info: await describeVariant(made.bytes, original.info.etag),
    };
  } catch (error) {
    memo.noteFailure(request, error);
    throw error;
  }
}

async function keep(
  { writeBack, memo, observe }: LookUpDeps,
  request: VariantRequest,
  { variant, present }: { readonly variant: MadeVariant; readonly present: Present },
): Promise<void> {
  const { object, checkedAt } = present;
  const { variantKey } = request;
  try {
    const info = await writeBack.write(request, variant, object?.etag);
    if (!info) return; // something newer is there
    memo.remember(request, info, checkedAt);
    if (info.etag === variant.info.etag) memo.keepBytes(variantKey, variant);
  } catch (error) {
    memo.keepUnwritten(variantKey, variant);
    observe({ kind: "write_failed", variantKey, error });
  }
}

function missing({ memo }: LookUpDeps, request: VariantRequest): MediaError {
  const error = new MediaError("original_not_found", `there is no original "${request.key}"`);
  memo.forget(request.variantKey);
  memo.noteFailure(request, error);
  return error;
}
