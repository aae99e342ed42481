import type { Demand } from "../../async/shared-work.ts";
import type { VariantRequest } from "../../request/request.ts";
import type { ObjectStore } from "../../store/store.ts";
import type { OutputFormat } from "../../transform/formats.ts";
import type { TransformSpec } from "../../transform/spec.ts";
import type { Observe } from "../observe.ts";
import type { OriginalResult } from "../originals/originals.ts";
import type { VariantCache } from "../variant-cache.ts";
import type { MadeVariant } from "../variant.ts";
import { describeVariant } from "../variant.ts";
import type { Timings } from "./timings.ts";
import type { WriteBack } from "./write-back.ts";

/** The result of a transform. */
export type Transformed =
  | {
      readonly kind: "made";
      readonly bytes: Uint8Array;
      /** In pixels. */
      readonly width: number;
      readonly height: number;
      /** Of the bytes, in hexadecimal digits, if it is known already. */
      readonly sha256?: string;
      /** The time in the queue, and at work. */
      readonly queueMs: number;
      readonly transformMs: number;
    }
  /** Skipped under `skipIfSlow`. */
  | { readonly kind: "too_slow" };

interface TransformOptions {
  /** Ends the job, whether it waits or runs. */
  readonly signal: AbortSignal;
  /** Ends the job only while it waits: no caller is left. */
  readonly abandoned?: AbortSignal;
  /** True while a client waits for it: background jobs come last. */
  readonly isAwaited?: () => boolean;
  /** Calls back when the first client comes that waits. */
  readonly onAwaited?: (listener: () => void) => void;
}

interface TransformJob {
  /** Names the version of the original: jobs of one version share work. */
  readonly originalId: string;
  /** The original. */
  readonly bytes: Uint8Array;
  readonly spec: TransformSpec;
  readonly format: OutputFormat;
  /** Do not start what would take longer than a client waits. */
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

interface MakeInput {
  readonly request: VariantRequest;
  /** Ends the transform. */
  readonly signal: AbortSignal;
  readonly demand: Demand;
  readonly skipIfSlow: boolean;
  readonly timings: Timings;
  /** The generation of the original when the stores were asked. */
  readonly generation: number;
}

type PresentOriginal = Exclude<OriginalResult, { kind: "missing" }>;

/** Makes a variant; says so when it was skipped as too slow. */
export async function makeVariant(
  { transform, cache, observe, now }: MakeDeps,
  { request, signal, demand, skipIfSlow, timings, generation }: MakeInput,
  original: PresentOriginal,
): Promise<MadeVariant | "too_slow"> {
  const { spec, format } = request;
  const begin = now();
  observe({ kind: "miss" });
  cache.delete(request.variantKey);
  try {
    const originalId = JSON.stringify([request.key, original.info.etag]);
    const job = { originalId, bytes: original.bytes, spec, format, skipIfSlow };
    const made = await transform(job, { signal, ...demand });
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

interface StoreInput {
  readonly variant: MadeVariant;
  /** The ETag of the stale object that was found under the variant's key. */
  readonly replaces: string | undefined;
  readonly checkedAt: number;
  /** The generation of the original when the stores were asked. */
  readonly generation: number;
}

/** Writes a variant to the store; gives whether the store has it, or a newer one, now. Never rejects. */
export async function storeVariant(
  { writeBack, variants, cache, observe }: MakeDeps,
  request: VariantRequest,
  { variant, replaces, checkedAt, generation }: StoreInput,
): Promise<boolean> {
  const { key, variantKey } = request;
  const atWrite = cache.getGeneration(key);
  try {
    // a purge meanwhile says that the original may have been replaced
    if (atWrite !== generation && !(await writeBack.isCurrent(request, variant))) return false;
    const info = await writeBack.write(request, variant, replaces);
    if (!info) return true; // the store has a newer one
    if (cache.getGeneration(key) !== atWrite) {
      // the purge may have listed the store before the write
      if (await writeBack.isCurrent(request, variant)) return true;
      await variants.delete([variantKey]);
      cache.deleteOriginal(key); // a newer variant may have been deleted too
      return false;
    }
    cache.set(request, info, checkedAt);
    if (info.etag === variant.info.etag) cache.setBytes(variantKey, variant);
    return true;
  } catch (error) {
    if (cache.getGeneration(key) === atWrite) cache.setUnwritten(variantKey, variant);
    observe({ kind: "write_failed", variantKey, error });
    return false;
  }
}
