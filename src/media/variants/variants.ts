import { orAbort } from "../../async/abort.ts";
import { Scope } from "../../async/scope.ts";
import type { Demand } from "../../async/shared-work.ts";
import { SharedWork } from "../../async/shared-work.ts";
import { MediaError } from "../../errors.ts";
import type { VariantRequest } from "../../request/request.ts";
import { findMoving } from "../../request/resolve.ts";
import type { ObjectInfo, ObjectStore, OpenOptions } from "../../store/store.ts";
import { toStoreTimeout } from "../../store/store.ts";
import { Recorder } from "../recorder.ts";
import type { CachedVariant } from "../variant-cache.ts";
import type { VariantInfo } from "../variant.ts";
import { isOutdated, readVariantInfo } from "../variant.ts";
import type { MissDeps, VariantOutcome } from "./miss.ts";
import { Miss, toRequestTimeout } from "./miss.ts";
import { findStoredVariant } from "./preview.ts";
import type { ReadResult, VariantReaderDeps } from "./read.ts";
import { closeResult, VariantReader } from "./read.ts";
import { Renewals } from "./renewals.ts";

/** The part of the TTL after which a check that failed is tried again. */
const RETRY_SHARE = 0.1;

/** Longer than a busy service lets background work wait. */
const BACKGROUND_TIMEOUT_MS = 10 * 60_000;

export interface FindOptions {
  /** Fires when the caller leaves; work that has no other caller and has not begun is not begun. */
  readonly signal?: AbortSignal;
  /** The caller does not wait for the answer: requests of clients come first. */
  readonly isBackground?: boolean;
  /** Of the request: it is told how long each part takes. */
  readonly recorder?: Recorder;
  /** Waits until a variant of an older recipe is made anew. */
  readonly renews?: boolean;
}

interface ReadOptions extends Pick<OpenOptions, "range" | "signal"> {
  /** The part of the request's time that is used up. */
  readonly spentMs?: number;
}

/** A variant, and the request that it answers: under `f_auto` that may be one for another format. */
export type FoundVariant = Extract<VariantOutcome, { kind: "stored" | "made" }> & {
  readonly request: VariantRequest;
};

export interface VariantsDeps extends MissDeps, VariantReaderDeps {
  /** For all of one request, up to the first byte of its answer. */
  readonly requestTimeoutMs: number;
  readonly variants: ObjectStore;
}

interface JobInput {
  readonly request: VariantRequest;
  readonly skipIfSlow: boolean;
  readonly skipIfMoving: boolean;
  readonly object?: ObjectInfo | undefined;
}

/** A job that no client waits for: nothing is left to another format. */
const WHATEVER = { skipIfSlow: false, skipIfMoving: false } as const;

/** Finds variants in memory or in the store, makes those that are missing, and stores them. */
export class Variants {
  readonly #deps: VariantsDeps;
  readonly #reader: VariantReader;
  // a variant that is not written yet cannot be found, but joined
  readonly #jobs = new SharedWork<VariantOutcome>({
    joinableUntil: (outcome) => (outcome.kind === "made" ? outcome.written : undefined),
  });
  readonly #heads = new SharedWork<ObjectInfo | undefined>();
  /** The keys of variants that were too slow for a client, and are made in the background. */
  readonly #makingSlowly = new Set<string>();
  readonly #renewals: Renewals;

  constructor(deps: VariantsDeps) {
    this.#deps = deps;
    this.#renewals = new Renewals({
      ...deps,
      renew: (request) =>
        this.#joinJob({ request, ...WHATEVER }, { isBackground: true, renews: true }),
    });
    this.#reader = new VariantReader(deps);
  }

  /** Finds a variant or makes it. */
  async find(request: VariantRequest, options: FindOptions = {}): Promise<FoundVariant> {
    const { now, observe } = this.#deps;
    const begin = now();
    const cached = options.renews ? undefined : this.getCached(request);
    if (cached) options.recorder?.setTime("memo", now() - begin);
    const found = cached ?? (await this.#find(request, options));
    if (found.kind === "stored") observe({ kind: "hit" });
    return found;
  }

  /** A variant that is known to be stored, without I/O; its caller counts the hit. */
  getCached(request: VariantRequest): FoundVariant | undefined {
    const cached = this.#deps.cache.get(request);
    if (!cached) return undefined;
    const freshness = this.#rate(cached);
    if (freshness === "expired") return undefined;
    const { info } = cached;
    const other = info.isFirstFrame ? findMoving(request) : undefined;
    if (other) return this.getCached(other);
    if (freshness === "stale") this.#refreshInBackground(request, cached);
    if (isOutdated(info)) this.#renewals.offer(request);
    return { kind: "stored", info, request };
  }

  /** Looks at what is stored under the name of a variant, current or not. @throws MediaError as the store does */
  inspect(request: VariantRequest): Promise<VariantInfo | undefined> {
    return findStoredVariant(this.#deps, request);
  }

  /** The bytes of a variant that was found, if they are in memory. */
  getCachedBytes({ variantKey }: VariantRequest, info: VariantInfo): Uint8Array | undefined {
    return this.#deps.cache.getBytes(variantKey, info);
  }

  /** The bytes of a variant that was found; it is made again if it has gone meanwhile. */
  async read(
    request: VariantRequest,
    info: VariantInfo,
    { spentMs = 0, signal, range }: ReadOptions = {},
  ): Promise<ReadResult> {
    const timeoutMs = Math.max(0, this.#deps.requestTimeoutMs - spentMs);
    using scope = new Scope({ timeoutMs, signals: [signal] });
    const reading = this.#readOrMake(request, info, { range, signal: scope.signal });
    try {
      return await orAbort(reading, scope.signal, () => void reading.then(closeResult, () => {}));
    } catch (error) {
      throw toStoreTimeout(error);
    }
  }

  async #readOrMake(
    request: VariantRequest,
    info: VariantInfo,
    { range, signal }: { readonly range: OpenOptions["range"]; readonly signal: AbortSignal },
  ): Promise<ReadResult> {
    const result = await this.#reader.read(request, { info, signal, ...(range && { range }) });
    if (result) return result;
    // it was deleted by others, so what is cached about it is wrong
    this.#deps.cache.delete(request.variantKey);
    const found = await this.#find(request, { signal });
    if (found.kind === "made") return { kind: "whole", variant: found.variant };
    // all of it: its parts are others now
    const again = await this.#reader.read(request, { info: found.info, signal });
    if (again) return again;
    throw new MediaError("store_failed", "the variant disappears while it is read");
  }

  async #find(request: VariantRequest, options: FindOptions): Promise<FoundVariant> {
    const instead = this.#chooseInstead(request);
    if (instead) return this.#findOther(instead, options);
    const variant = this.#deps.cache.getUnwritten(request);
    if (variant) {
      const made = { kind: "made", variant, written: Promise.resolve(false) } as const;
      return this.#settle(request, made, options);
    }
    const object = await this.#headUnlessMayMake(request);
    const skipIfSlow = request.alternative !== undefined;
    const skipIfMoving = findMoving(request) !== undefined;
    const outcome = await this.#joinJob({ request, skipIfSlow, skipIfMoving, object }, options);
    return this.#settle(request, outcome, options);
  }

  /**
   * Chooses another format that is known to serve better for now.
   *
   * @throws MediaError why the variant could not be made lately, if no other format is left
   */
  #chooseInstead(request: VariantRequest): VariantRequest | undefined {
    const moving = findMoving(request);
    if (moving && this.#deps.cache.isMoving(request)) return moving;
    const other = request.alternative?.();
    const hasFailed = this.#checkFailure(request, other !== undefined);
    return hasFailed || this.#makingSlowly.has(request.variantKey) ? other : undefined;
  }

  async #settle(
    request: VariantRequest,
    outcome: VariantOutcome,
    options: FindOptions,
  ): Promise<FoundVariant> {
    const moving = findMoving(request);
    if (moving && isStill(outcome)) {
      this.#deps.cache.setMoving(request);
      return this.#findOther(moving, options);
    }
    if (outcome.kind === "stored" || outcome.kind === "made") {
      if (outcome.kind === "stored" && isOutdated(outcome.info)) this.#renewals.offer(request);
      return { ...outcome, request };
    }
    const other = request.alternative?.();
    // it was skipped for another caller only
    if (!other || outcome.kind === "moves") return this.#find(request, options);
    this.#makeInBackground(request);
    return this.#findOther(other, options);
  }

  async #findOther(other: VariantRequest, options: FindOptions): Promise<FoundVariant> {
    return this.getCached(other) ?? (await this.#find(other, options));
  }

  /**
   * Tells whether the variant could not be made lately.
   *
   * @throws MediaError why, unless another format may not have that problem
   */
  #checkFailure(request: VariantRequest, hasOther: boolean): boolean {
    const failure = this.#deps.cache.getFailure(request);
    if (failure && !(hasOther && isOfFormat(failure))) throw failure;
    return failure !== undefined;
  }

  /**
   * Heads a variant that the request may not have made: it does not wait for the job of a request that may.
   *
   * @returns the stored object, if it was headed
   */
  async #headUnlessMayMake(request: VariantRequest): Promise<ObjectInfo | undefined> {
    const { variants, storeTimeoutMs, cache } = this.#deps;
    const { variantKey, mayMake } = request;
    if (mayMake || this.#jobs.isWanted(this.#nameJob(request))) return undefined;
    if (cache.isAbsent(request)) throw needsSignature();
    const object = await this.#heads.join(variantKey, () =>
      variants.head(variantKey, AbortSignal.timeout(storeTimeoutMs)),
    );
    // a stored variant was allowed once, so it may be made again
    if (object && readVariantInfo(request, object)) return object;
    cache.setAbsent(request);
    throw needsSignature();
  }

  async #joinJob(
    job: JobInput,
    { signal, isBackground = false, renews = false, ...options }: FindOptions,
  ): Promise<VariantOutcome> {
    const { recorder = new Recorder(this.#deps.observe) } = options;
    const timeoutMs = isBackground ? BACKGROUND_TIMEOUT_MS : this.#deps.requestTimeoutMs;
    // a visitor who finds the old one does not wait for the new one
    const name = (renews ? "renew " : "") + this.#nameJob(job.request);
    const start = (demand: Demand): Promise<VariantOutcome> =>
      new Miss(this.#deps, { ...job, renews, demand, recorder, timeoutMs }).run();
    const join = async (until: AbortSignal | undefined): Promise<VariantOutcome> => {
      try {
        return await this.#jobs.join(name, start, { signal: until, isBackground });
      } catch (error) {
        throw isTimeout(error) ? toRequestTimeout(error) : error;
      }
    };
    if (!this.#jobs.has(name)) return join(signal);
    recorder.record({ kind: "join" });
    using _ = recorder.begin("join");
    if (isBackground) return await join(signal);
    // a background job has no deadline of a client's own, so bound the wait of a client that joins it
    using scope = new Scope({ timeoutMs, signals: [signal] });
    return await join(scope.signal);
  }

  /** Requests after a purge do not join jobs from before it: those may use the old original. */
  #nameJob({ key, variantKey }: VariantRequest): string {
    return `${this.#deps.cache.getGeneration(key)} ${variantKey}`;
  }

  /** Makes a variant that was too slow for a client, for later requests. */
  #makeInBackground(request: VariantRequest): void {
    const { background, observe } = this.#deps;
    const { variantKey } = request;
    if (this.#makingSlowly.has(variantKey)) return;
    this.#makingSlowly.add(variantKey);
    const job = this.#joinJob({ request, ...WHATEVER }, { isBackground: true });
    const report = (error: unknown): void =>
      observe({ kind: "background_failed", task: `make ${variantKey}`, error });
    background.run(job.catch(report).finally(() => this.#makingSlowly.delete(variantKey)));
  }

  #rate({ checkedAt }: CachedVariant): "fresh" | "stale" | "expired" {
    const { freshness, now } = this.#deps;
    const age = now() - checkedAt;
    if (freshness.mode === "immutable" || age < freshness.ttlMs) return "fresh";
    return age < 2 * freshness.ttlMs ? "stale" : "expired";
  }

  /** Checks the original behind an answer; not behind each of them while its store fails. */
  #refreshInBackground(request: VariantRequest, { triedAt }: CachedVariant): void {
    const { cache, background, observe, now, freshness } = this.#deps;
    const isTried = triedAt !== undefined && now() - triedAt < freshness.ttlMs * RETRY_SHARE;
    if (isTried || this.#jobs.has(this.#nameJob(request))) return;
    cache.setTried(request, now());
    const job = this.#joinJob({ request, ...WHATEVER }, { isBackground: true });
    const report = (error: unknown): void => {
      const isGone = error instanceof MediaError && error.code === "original_not_found";
      if (isGone) return; // which is a result, and no failure
      observe({ kind: "background_failed", task: `refresh ${request.variantKey}`, error });
    };
    background.run(job.catch(report));
  }
}

function needsSignature(): MediaError {
  return new MediaError("not_allowed", "a signature is needed to have this variant made");
}

/** True for a variant that shows the first frame of an animation, or would. */
function isStill(outcome: VariantOutcome): boolean {
  if (outcome.kind === "stored") return outcome.info.isFirstFrame;
  if (outcome.kind === "made") return outcome.variant.info.isFirstFrame;
  return outcome.kind === "moves";
}

function isOfFormat({ code }: MediaError): boolean {
  return code === "unusable_original" || code === "invalid_transform" || code === "timeout";
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === "TimeoutError";
}
