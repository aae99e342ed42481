import type { Background } from "../../async/background.ts";
import { Scope } from "../../async/scope.ts";
import type { Demand } from "../../async/shared-work.ts";
import { MediaError, tooManyTransforms } from "../../errors.ts";
import type { VariantRequest } from "../../request/request.ts";
import type { ObjectInfo, ObjectStore } from "../../store/store.ts";
import type { OutputFormat } from "../../transform/formats.ts";
import type { TransformSpec } from "../../transform/spec.ts";
import type { VariantPrefix } from "../../url/variant-key.ts";
import type { Observe } from "../observe.ts";
import { PUT_ID } from "../originals/put-id.ts";
import type { OriginalLease, Originals, OriginalVersion } from "../originals/originals.ts";
import { purgeGone } from "../purge/purge.ts";
import type { Recorder } from "../recorder.ts";
import type { CacheToken, VariantCache } from "../variant-cache.ts";
import type { MadeVariant, Variant, VariantInfo } from "../variant.ts";
import { describeVariant, focusOn, isOutdated, nameSource, readVariantInfo } from "../variant.ts";
import type { WriteBack } from "./write-back.ts";

export interface FreshnessRules {
  /** `check`: the original is asked, at most once per TTL, whether it has changed. */
  readonly mode: "check" | "immutable";
  readonly ttlMs: number;
}

/** The result of a transform. */
export type Transformed =
  | {
      readonly kind: "made";
      readonly bytes: Uint8Array;
      /** In pixels. */
      readonly width: number;
      readonly height: number;
      /** The original is cut off, and this is what there is of it. */
      readonly isTruncated?: boolean | undefined;
      /** Of the bytes, in hexadecimal digits, if it is known already. */
      readonly sha256?: string | undefined;
      /** The original is an animation, and its format holds none. */
      readonly isFirstFrame?: boolean | undefined;
      /** The time in the queue, and at work. */
      readonly queueMs: number;
      readonly transformMs: number;
    }
  /** Skipped under `skipIfSlow`, or under `skipIfMoving`. */
  | { readonly kind: "too_slow" | "moves" };

interface TransformJob {
  /** Names the version of the original: jobs of one version share work. */
  readonly originalId: string;
  /** The original. */
  readonly bytes: Uint8Array;
  readonly spec: TransformSpec;
  readonly format: OutputFormat;
  /** Do not start what would take longer than a client waits. */
  readonly skipIfSlow?: boolean;
  /** Do not make the first frame of an animation, in a format that holds no more. */
  readonly skipIfMoving?: boolean;
}

interface TransformOptions extends Partial<Demand> {
  /** Ends the job, whether it waits or runs; `abandoned` ends it only while it waits. */
  readonly signal: AbortSignal;
}

export interface MissDeps {
  readonly originals: Originals;
  readonly variants: ObjectStore;
  /** Makes the bytes of a variant; throws MediaError. */
  readonly transform: (job: TransformJob, options: TransformOptions) => Promise<Transformed>;
  /** True while the image processes take jobs that a client waits for; otherwise originals are not fetched. */
  readonly hasRoom: () => boolean;
  readonly cache: VariantCache;
  readonly writeBack: WriteBack;
  readonly prefix: VariantPrefix;
  readonly freshness: FreshnessRules;
  /** For all calls of the stores before the answer to one request. */
  readonly storeTimeoutMs: number;
  readonly background: Background;
  readonly observe: Observe;
  /** Milliseconds since some beginning. */
  readonly now: () => number;
}

export type VariantOutcome =
  | { readonly kind: "stored"; readonly info: VariantInfo }
  /** `written` tells whether the store has the variant, or a newer one, now; it never rejects. */
  | { readonly kind: "made"; readonly variant: Variant; readonly written: Promise<boolean> }
  /** Another format serves better: the transform would take longer than a client waits, or stop an animation. */
  | { readonly kind: "too_slow" | "moves" };

/** A variant that memory does not have. */
export interface Wanted {
  readonly request: VariantRequest;
  readonly demand: Demand;
  readonly recorder: Recorder;
  /** Do not start a transform that would take longer than a client waits. */
  readonly skipIfSlow: boolean;
  /** Do not make the first frame of an animation, in a format that holds no more. */
  readonly skipIfMoving: boolean;
  /** Make a variant of an older recipe anew, and let what is known of it stand until then. */
  readonly renews: boolean;
  /** For all of it. */
  readonly timeoutMs: number;
  /** The object under the variant's key, if it is known already. */
  readonly object?: ObjectInfo | undefined;
}

/** An original without its bytes, or why it cannot be told; undefined where it is missing, or was not asked for. */
type Current = ObjectInfo | MediaError | undefined;

/** The answers of both stores. */
interface Present {
  readonly object: ObjectInfo | undefined;
  /** Undefined unless the object is a complete variant that need not be made anew. */
  readonly stored: VariantInfo | undefined;
  readonly current: Current;
}

/**
 * One variant that memory does not have, from the look into the stores to the write: the steps 7 to 10 of
 * docs/how-it-works.md. All who want the variant share it.
 */
export class Miss {
  readonly #deps: MissDeps;
  readonly #wanted: Wanted;
  /** When the stores were asked. */
  readonly #checkedAt: number;
  /** Keeps what is learnt out of the cache, if the original is purged meanwhile. */
  readonly #token: CacheToken;

  constructor(deps: MissDeps, wanted: Wanted) {
    this.#deps = deps;
    this.#wanted = wanted;
    this.#checkedAt = deps.now();
    this.#token = deps.cache.begin(wanted.request);
  }

  /** @throws MediaError */
  async run(): Promise<VariantOutcome> {
    const { demand, timeoutMs } = this.#wanted;
    using whole = new Scope({ timeoutMs });
    using asking = whole.begin(this.#deps.storeTimeoutMs, demand.abandoned);
    try {
      return await this.#findOrMake(whole.signal, asking.signal);
    } catch (error) {
      throw whole.signal.aborted ? toRequestTimeout(error) : error;
    }
  }

  /**
   * @param whole ends all of it
   * @param asking ends the calls of the stores before the answer, also when nobody wants it any more
   */
  async #findOrMake(whole: AbortSignal, asking: AbortSignal): Promise<VariantOutcome> {
    const { object, stored, current } = await this.#look(asking);
    if (stored && this.#isCurrent(stored, current)) return this.#giveStored(stored);
    if (current instanceof MediaError) return this.#giveUnchecked(stored, current);

    using lease = await this.#lease(current, asking);
    const { original } = lease;
    if (original.kind === "missing") throw this.#forgetMissing(object, original.isDefinite);
    const info = chooseLater(original.info, current);
    // the HEAD of the original may have been wrong
    if (stored?.source === nameSource(info, this.#wanted.request)) return this.#giveStored(stored);

    const variant = await this.#make({ ...original, info }, whole);
    if (typeof variant === "string") return { kind: variant };

    // where no variant is, another instance may have deleted all of them with their original meanwhile
    const mayBeGone = !object && original.info.metadata[PUT_ID] !== undefined;
    const written = this.#keep(variant, { replaces: object?.etag, mayBeGone });
    this.#deps.background.run(written);
    return { kind: "made", variant, written };
  }

  /** Asks for the object under the variant's key and, where it is checked, for the version of the original. */
  async #look(signal: AbortSignal): Promise<Present> {
    const { variants, originals, freshness } = this.#deps;
    const { request, recorder } = this.#wanted;
    using _ = recorder.begin("head");
    const isChecked = freshness.mode === "check";
    const asking = isChecked && !originals.areLocal ? this.#askOriginal(signal) : undefined;
    const looking = this.#wanted.object ?? variants.head(request.variantKey, signal);
    const [object, answer] = await Promise.all([looking, asking]);
    const stored = this.#readStored(object);
    // a file that is going to be read need not be asked first
    const isAskedLate = isChecked && originals.areLocal && object !== undefined;
    return { object, stored, current: isAskedLate ? await this.#askOriginal(signal) : answer };
  }

  /** `undefined` for what has to be made anew. */
  #readStored(object: ObjectInfo | undefined): VariantInfo | undefined {
    const { request, renews } = this.#wanted;
    const info = object && readVariantInfo(request, object);
    return info && renews && isOutdated(info) ? undefined : info;
  }

  /** A failing store of originals does not end the request: the variant may be stored. */
  async #askOriginal(signal: AbortSignal): Promise<Current> {
    const { request, demand } = this.#wanted;
    try {
      return await this.#deps.originals.head(request.key, signal);
    } catch (error) {
      if (error instanceof MediaError && !demand.abandoned.aborted) return error;
      throw error;
    }
  }

  #isCurrent({ source }: VariantInfo, current: Current): boolean {
    if (this.#deps.freshness.mode !== "check") return true;
    if (current === undefined || current instanceof MediaError) return false;
    return source === nameSource(current, this.#wanted.request);
  }

  #giveStored(info: VariantInfo): VariantOutcome {
    this.#deps.cache.set(this.#token, info, this.#checkedAt);
    return { kind: "stored", info };
  }

  /** Gives a variant that may be stale, rather than nothing; the original is checked again soon. */
  #giveUnchecked(info: VariantInfo | undefined, problem: MediaError): VariantOutcome {
    const { cache, freshness } = this.#deps;
    const { request, recorder } = this.#wanted;
    if (!info) throw problem;
    const task = `check the original of ${request.key}`;
    recorder.record({ kind: "background_failed", task, error: problem });
    cache.set(this.#token, info, this.#checkedAt - freshness.ttlMs);
    cache.setTried(request, this.#checkedAt);
    return { kind: "stored", info };
  }

  async #lease(known: OriginalVersion | undefined, signal: AbortSignal): Promise<OriginalLease> {
    const { originals, hasRoom } = this.#deps;
    const { request, demand, recorder } = this.#wanted;
    if (demand.isAwaited() && !hasRoom()) throw tooManyTransforms();
    using _ = recorder.begin("fetch");
    try {
      return await originals.lease(request.key, { known, signal });
    } catch (error) {
      const isTooLarge = error instanceof MediaError && error.code === "too_large";
      if (isTooLarge) this.#deps.cache.setFailure(this.#token, error);
      throw error;
    }
  }

  #forgetMissing(object: ObjectInfo | undefined, isDefinite: boolean): MediaError {
    const { cache, background } = this.#deps;
    const { key, variantKey } = this.#wanted.request;
    if (object && isDefinite) background.run(purgeGone(this.#deps, key));
    const error = new MediaError("original_not_found", `there is no original "${key}"`);
    cache.delete(variantKey);
    cache.setFailure(this.#token, error);
    return error;
  }

  async #make(
    original: Extract<OriginalLease["original"], { kind: "found" }>,
    signal: AbortSignal,
  ): Promise<MadeVariant | "too_slow" | "moves"> {
    const { transform, cache, now } = this.#deps;
    const { request, demand, recorder, skipIfSlow, skipIfMoving, renews } = this.#wanted;
    const { key, variantKey, format } = request;
    const { bytes, info } = original;
    const spec = focusOn(info, request);
    const begin = now();
    recorder.record({ kind: "miss" });
    if (!renews) cache.delete(variantKey);
    try {
      const originalId = JSON.stringify([key, info.etag]);
      const job = { originalId, bytes, spec, format, skipIfSlow, skipIfMoving };
      const made = await transform(job, { signal, ...demand });
      if (made.kind !== "made") return made.kind;
      recorder.setTime("queue", made.queueMs);
      recorder.setTime("decode-encode", made.transformMs);
      recorder.record({ kind: "transform", format, ms: now() - begin });
      return {
        bytes: made.bytes,
        dimensions: `${made.width}x${made.height}`,
        info: await describeVariant(made, nameSource(info, request)),
      };
    } catch (error) {
      if (!renews) cache.setFailure(this.#token, error);
      throw error;
    }
  }

  /**
   * Writes the variant to the store, unless the rest of its original may still come. Never rejects.
   *
   * @returns whether the store has it, or a newer one, now
   */
  async #keep(variant: MadeVariant, { replaces, mayBeGone }: Keeping): Promise<boolean> {
    const { cache, writeBack, variants } = this.#deps;
    const { request, recorder } = this.#wanted;
    const { key, variantKey } = request;
    if (variant.info.isTruncated) {
      cache.setUnwritten(this.#token, variant);
      return false;
    }
    const token = cache.begin(request);
    using _ = recorder.begin("store");
    try {
      // a purge meanwhile says that the original may have been replaced
      const isDoubtful = mayBeGone || !cache.isCurrent(this.#token);
      if (isDoubtful && !(await writeBack.isCurrent(request, variant))) return false;
      const info = await writeBack.write(request, variant, replaces);
      if (!info) return true; // the store has a newer one
      if (!cache.isCurrent(token)) {
        // the purge may have listed the store before the write
        if (await writeBack.isCurrent(request, variant)) return true;
        await variants.delete([variantKey]);
        cache.deleteOriginal(key); // a newer variant may have been deleted too
        return false;
      }
      cache.set(token, info, this.#checkedAt);
      if (info.etag === variant.info.etag) cache.setBytes(variantKey, variant);
      return true;
    } catch (error) {
      cache.setUnwritten(token, variant);
      recorder.record({ kind: "write_failed", variantKey, error });
      return false;
    }
  }
}

/** Bytes that were at hand may have been read before the focal point changed. */
function chooseLater(read: ObjectInfo, headed: ObjectInfo | undefined): ObjectInfo {
  return headed?.etag === read.etag ? headed : read;
}

interface Keeping {
  /** The ETag of the stale object that was found under the variant's key. */
  readonly replaces: string | undefined;
  /** The original has to be asked for once more. */
  readonly mayBeGone: boolean;
}

/** MediaErrors as they are; anything else is taken for the end of the request's time. */
export function toRequestTimeout(error: unknown): MediaError {
  if (error instanceof MediaError) return error;
  return new MediaError("timeout", "the request took too long", { cause: error });
}
