import type { TransformSpec } from "../../transform/spec.ts";
import type { OutputFormat } from "../../transform/formats.ts";
import type { Demand } from "../../concurrency/coalesce.ts";
import type { Observe } from "../observe.ts";
import type { VariantCache } from "../variant-cache.ts";
import type { OriginalOrFile } from "../originals/originals.ts";
import type { VariantRequest } from "../../request/request.ts";
import type { Timings } from "./timings.ts";
import type { MadeVariant } from "../variant.ts";
import { describeVariant } from "../variant.ts";
import type { LocatedFile, ObjectStore } from "../../store/store.ts";
import type { WriteBack } from "./write-back.ts";

/** What a transform gives. */
export type Transformed =
  | {
      readonly kind: "made";
      readonly bytes: Uint8Array;
      /** In pixels. */
      readonly width: number;
      readonly height: number;
      /** Of the bytes, in hexadecimal digits, where it is known already. */
      readonly sha256?: string;
      /** How long it waited for its generation, and how long it took. */
      readonly queueMs: number;
      readonly transformMs: number;
    }
  /** It would take longer than anybody is to wait: see `skipIfSlow`. */
  | { readonly kind: "too_slow" }
  /** The file of the original is another one by now, or cannot be read. */
  | { readonly kind: "moved" };

interface TransformOptions {
  /** Ends the job, whether it waits or runs. */
  readonly signal: AbortSignal;
  /** Nobody waits for it any more: unless it has begun it need not begin. */
  readonly abandoned?: AbortSignal;
  /** Whether anybody waits for it; where nobody does, visitors come first. */
  readonly isAwaited?: () => boolean;
  /** Calls back when somebody comes who waits, where nobody did. */
  readonly onAwaited?: (listener: () => void) => void;
}

interface TransformJob {
  /** The original; beside `file` no more than how it begins. */
  readonly bytes: Uint8Array;
  readonly file?: LocatedFile;
  readonly spec: TransformSpec;
  readonly format: OutputFormat;
  /** Rather not at all than slowly. */
  readonly skipIfSlow?: boolean;
}

export interface MakeDeps {
  /** Makes the bytes of a variant; throws MediaError. */
  readonly transform: (job: TransformJob, options: TransformOptions) => Promise<Transformed>;
  readonly cache: VariantCache;
  readonly writeBack: WriteBack;
  readonly variants: Pick<ObjectStore, "delete">;
  readonly observe: Observe;
  /** Milliseconds since some beginning. */
  readonly now: () => number;
}

interface TransformInput {
  readonly request: VariantRequest;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly demand: Demand;
  /** Rather not at all than slowly. */
  readonly skipIfSlow: boolean;
  readonly timings: Timings;
  /** The generation of the original when the stores were asked. */
  readonly generation: number;
}

interface StoreInput {
  readonly variant: MadeVariant;
  /** The ETag of the stale object that was found under the variant's key. */
  readonly replaces: string | undefined;
  readonly checkedAt: number;
  /** The generation of the original when the stores were asked. */
  readonly generation: number;
}

/** Makes a variant; where that would take too long, or cannot be done, says which. */
export async function transformOriginal(
  { transform, cache, observe, now }: MakeDeps,
  { request, signal, demand, skipIfSlow, timings, generation }: TransformInput,
  original: Exclude<OriginalOrFile, { kind: "missing" }>,
): Promise<MadeVariant | "too_slow" | "moved"> {
  const { spec, format } = request;
  const begin = now();
  observe({ kind: "miss" });
  cache.delete(request.variantKey);
  try {
    const made = await transform(
      { ...toJobInput(original), spec, format, skipIfSlow },
      { signal, ...demand },
    );
    if (made.kind !== "made") return made.kind;
    timings.queue = made.queueMs;
    timings["decode-encode"] = made.transformMs;
    observe({ kind: "transform", format, ms: now() - begin });
    const dimensions = `${made.width}x${made.height}`;
    const info = await describeVariant(made.bytes, original.info.etag, made.sha256);
    return { bytes: made.bytes, dimensions, info };
  } catch (error) {
    cache.setFailure(request, error, generation);
    throw error;
  }
}

function toJobInput(
  original: Exclude<OriginalOrFile, { kind: "missing" }>,
): Pick<TransformJob, "bytes" | "file"> {
  if (original.kind === "found") return { bytes: original.bytes };
  return { bytes: original.start, file: original.file };
}

/** Writes a variant to the store; tells whether that has it, or a newer one, now. Never rejects. */
export async function storeVariant(
  { writeBack, variants, cache, observe }: MakeDeps,
  request: VariantRequest,
  { variant, replaces, checkedAt, generation }: StoreInput,
): Promise<boolean> {
  const { key, variantKey } = request;
  const begun = cache.getGeneration(key);
  try {
    // purged meanwhile, so that the original may be another one now
    if (begun !== generation && !(await writeBack.isCurrent(request, variant))) return false;
    const info = await writeBack.write(request, variant, replaces);
    if (!info) return true; // something newer is there
    if (cache.getGeneration(key) !== begun) {
      // the purge may have looked before it was there
      if (await writeBack.isCurrent(request, variant)) return true;
      await variants.delete([variantKey]);
      cache.deleteOriginal(key); // what has been written there since has gone too
      return false;
    }
    cache.set(request, info, checkedAt);
    if (info.etag === variant.info.etag) cache.setBytes(variantKey, variant);
    return true;
  } catch (error) {
    if (cache.getGeneration(key) === begun) cache.setUnwritten(variantKey, variant);
    observe({ kind: "write_failed", variantKey, error });
    return false;
  }
}
