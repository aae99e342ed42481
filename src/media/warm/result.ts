import { orAbort, pause } from "../../async/abort.ts";
import type { ErrorCode } from "../../errors.ts";
import { MediaError } from "../../errors.ts";
import type { VariantRequest } from "../../request/request.ts";
import type { FoundVariant, Variants } from "../variants/variants.ts";

/** For a variant that fails with a transient error. */
const ATTEMPTS = 4;
const RETRY_PAUSE_MS = 500;

/** Failures that a retry may mend. */
const TRANSIENT: ReadonlySet<ErrorCode> = new Set([
  "overloaded",
  "timeout",
  "store_failed",
  "internal",
]);

export function isTransient(code: ErrorCode): boolean {
  return TRANSIENT.has(code);
}

/** The result for one variant. */
export interface WarmResult {
  readonly status: "made" | "there" | "failed" | "skipped";
  /** The number of a line that could not be read. */
  readonly line?: number;
  readonly key?: string;
  /** As it was written. */
  readonly transform?: string;
  readonly format?: string;
  /** The key of the stored object. */
  readonly variant?: string;
  readonly bytes?: number;
  readonly ms?: number;
  /** Why it failed, or was skipped. */
  readonly code?: ErrorCode;
  readonly message?: string;
}

/** The sums of many results. */
export interface WarmTally {
  made: number;
  there: number;
  failed: number;
  /** Files that are not images, where those are told from failures. */
  skipped?: number;
  /** Of the variants that were made. */
  bytes: number;
}

export function createTally(): WarmTally {
  return { made: 0, there: 0, failed: 0, bytes: 0 };
}

export function countResult(tally: WarmTally, { status, bytes = 0 }: WarmResult): void {
  tally[status] = (tally[status] ?? 0) + 1;
  if (status === "made") tally.bytes += bytes;
}

/** Counts files that are not images as skipped: a whole folder was named, and not each of its files. */
export async function* skipNonImages(
  results: AsyncIterable<WarmResult>,
): AsyncGenerator<WarmResult> {
  for await (const result of results) {
    yield result.code === "unsupported_original" ? { ...result, status: "skipped" } : result;
  }
}

export interface WarmFinder {
  readonly variants: Pick<Variants, "find">;
  /** Requests of clients come first. */
  readonly isBackground: boolean;
  /** Variants of an older recipe are made anew. */
  readonly renews?: boolean;
  /** Before the first retry; doubled for each further one. Default: half a second. */
  readonly retryPauseMs?: number;
}

/**
 * Finds a variant or makes it, and waits until it is stored.
 *
 * @throws the reason of the signal when it fires
 */
export async function findWithRetry(
  { variants, isBackground, renews = false, retryPauseMs = RETRY_PAUSE_MS }: WarmFinder,
  request: VariantRequest,
  signal: AbortSignal,
): Promise<Pick<WarmResult, "status" | "bytes" | "code" | "message">> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await describeOutcome(await variants.find(request, { signal, isBackground, renews }));
    } catch (error) {
      if (signal.aborted) throw error;
      const mayRetry = error instanceof MediaError && isTransient(error.code);
      if (!mayRetry || attempt === ATTEMPTS) return { status: "failed", ...describeError(error) };
    }
    await orAbort(pause(retryPauseMs * 2 ** (attempt - 1)), signal);
  }
}

async function describeOutcome(
  outcome: FoundVariant,
): Promise<Pick<WarmResult, "status" | "bytes">> {
  if (outcome.kind === "stored") return { status: "there", bytes: outcome.info.size };
  if (await outcome.written) return { status: "made", bytes: outcome.variant.info.size };
  throw new MediaError("store_failed", "the variant was made, but could not be stored");
}

export function describeError(error: unknown): Required<Pick<WarmResult, "code" | "message">> {
  if (error instanceof MediaError) return { code: error.code, message: error.message };
  return { code: "internal", message: String(error) };
}
