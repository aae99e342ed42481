import { MediaError } from "../errors.ts";
import type { GetResult, ObjectStore } from "../store/store.ts";
import type { OutputFormat, TransformSpec } from "../transform/spec.ts";
import type { VariantPrefix } from "../url/variant-key.ts";
import type { Background } from "./background.ts";
import type { Observe } from "./events.ts";
import type { Memory } from "./memory.ts";
import type { Originals } from "./originals.ts";
import { purgeVariants } from "./purge.ts";
import type { VariantRequest } from "./request.ts";
import type { Variant, VariantInfo } from "./variant.ts";
import { describeVariant, readVariantInfo } from "./variant.ts";
import type { WriteBack } from "./write-back.ts";

export interface Freshness {
  /** `check`: the original is asked, at most once per TTL, whether it has changed. */
  readonly mode: "check" | "immutable";
  readonly ttlMs: number;
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
  ) => Promise<{ readonly bytes: Uint8Array }>;
  readonly prefix: VariantPrefix;
  readonly freshness: Freshness;
  readonly memory: Memory;
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

async function findOrMake(
  state: LookUpDeps,
  request: VariantRequest,
  signal: AbortSignal,
): Promise<Outcome> {
  const { memory, background, observe, now, freshness, variants } = state;
  const storeSignal = AbortSignal.any([signal, AbortSignal.timeout(state.storeTimeoutMs)]);
  const object = await variants.head(request.variantKey, storeSignal);
  const info = object && readVariantInfo(request, object);
  if (info && freshness.mode === "immutable") {
    return recallStored(state, request, info, now());
  }
  const checkedAt = now();
  const original = await fetchOriginal(state, request, info?.sourceEtag, storeSignal);
  if (original.kind === "missing") {
    if (object && original.isDefinite) background.run(purgeVariants(state, request.key));
    throw missing(state, request);
  }
  if (original.kind === "not_modified") {
    if (info) return recallStored(state, request, info, checkedAt);
    throw new MediaError("store_failed", "the store answered 304 to an unconditional request");
  }
  observe({ kind: "miss" });
  memory.forget(request.variantKey);
  const variant = await make(state, request, original, signal);
  const written = keep(state, request, variant, object?.etag, checkedAt);
  background.run(written);
  return { kind: "made", variant, written };
}

async function fetchOriginal(
  { originals, memory }: LookUpDeps,
  request: VariantRequest,
  knownEtag: string | undefined,
  signal: AbortSignal,
): Promise<GetResult> {
  try {
    return await originals.fetch(request.key, knownEtag, signal);
  } catch (error) {
    if (!(error instanceof MediaError)) {
      throw new MediaError("timeout", "the store did not answer in time", { cause: error });
    }
    if (error.code === "too_large") memory.noteFailure(request, error);
    throw error;
  }
}

function recallStored(
  state: LookUpDeps,
  request: VariantRequest,
  info: VariantInfo,
  checkedAt: number,
): Outcome {
  state.observe({ kind: "hit" });
  state.memory.remember(request, info, checkedAt);
  return { kind: "stored", info };
}

async function make(
  { transform, memory, observe, now }: LookUpDeps,
  request: VariantRequest,
  original: Extract<GetResult, { kind: "found" }>,
  signal: AbortSignal,
): Promise<Variant> {
  const { spec, format } = request;
  const begin = now();
  try {
    const { bytes } = await transform({ bytes: original.bytes, spec, format }, signal);
    observe({ kind: "transform", format, ms: now() - begin });
    return { bytes, info: await describeVariant(request, bytes, original.info.etag) };
  } catch (error) {
    memory.noteFailure(request, error);
    throw error;
  }
}

async function keep(
  { writeBack, memory, observe }: LookUpDeps,
  request: VariantRequest,
  variant: Variant,
  replaces: string | undefined,
  checkedAt: number,
): Promise<void> {
  const { variantKey } = request;
  try {
    const info = await writeBack.write(request, variant, replaces);
    if (!info) return; // something newer is there
    memory.remember(request, info, checkedAt);
    memory.keepBytes(variantKey, variant);
  } catch (error) {
    memory.keepUnwritten(variantKey, variant);
    observe({ kind: "write_failed", variantKey, error });
  }
}

function missing({ memory }: LookUpDeps, request: VariantRequest): MediaError {
  const problem = `there is no original "${request.key}"`;
  const message = request.hint ? `${problem}; ${request.hint}` : problem;
  const error = new MediaError("original_not_found", message);
  memory.forget(request.variantKey);
  memory.noteFailure(request, error);
  return error;
}
