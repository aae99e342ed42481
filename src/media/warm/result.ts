import { orAbort, pause } from "../../abort.ts";
import type { ErrorCode } from "../../errors.ts";
import { MediaError } from "../../errors.ts";
import type { VariantRequest } from "../../request/request.ts";
import type { FoundVariant, Variants } from "../variants/variants.ts";

/** How often a variant is asked for that cannot be had for the moment. */
const ATTEMPTS = 4;
const RETRY_PAUSE_MS = 500;

/** Failures that asking again may mend. */
const TRANSIENT: ReadonlySet<ErrorCode> = new Set([
  "overloaded",
  "timeout",
  "store_failed",
  "internal",
]);

export function isTransient(code: ErrorCode): boolean {
  return TRANSIENT.has(code);
}

/** What has become of one variant. */
export interface WarmResult {
  readonly status: "made" | "there" | "failed" | "skipped";
  /** The line of the list, where nothing more is known of it. */
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

/** How many variants have come to what. */
export interface WarmTally {
  made: number;
  there: number;
  failed: number;
  /** Of files that are no images, where those are told from failures. */
  skipped?: number;
  /** Of those that were made. */
  bytes: number;
}

export function createTally(): WarmTally {
  return { made: 0, there: 0, failed: 0, bytes: 0 };
}

export function countResult(tally: WarmTally, { status, bytes = 0 }: WarmResult): void {
  tally[status] = (tally[status] ?? 0) + 1;
  if (status === "made") tally.bytes += bytes;
}

/** Who names a whole folder need not mean every file in it. */
export async function* skipNonImages(
  results: AsyncIterable<WarmResult>,
): AsyncGenerator<WarmResult> {
  for await (const result of results) {
    yield result.code === "unsupported_original" ? { ...result, status: "skipped" } : result;
  }
}

export interface WarmFinder {
  readonly find: Variants["find"];
  /** Visitors come first. */
  readonly isBackground: boolean;
  /** Before the first retry; doubled before each further one. Default: half a second. */
  readonly retryPauseMs?: number;
}

/**
 * Finds a variant or makes it, and waits until it is kept.
 *
 * @throws the reason of the signal, should that fire
 */
export async function findWithRetry(
  { find, isBackground, retryPauseMs = RETRY_PAUSE_MS }: WarmFinder,
  request: VariantRequest,
  signal: AbortSignal,
): Promise<Pick<WarmResult, "status" | "bytes" | "code" | "message">> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await describeOutcome(await find(request, { signal, isBackground }));
    } catch (error) {
      if (signal.aborted) throw error;
      const mayHelp = error instanceof MediaError && isTransient(error.code);
      if (!mayHelp || attempt === ATTEMPTS) return { status: "failed", ...describeError(error) };
    }
    await orAbort(pause(retryPauseMs * 2 ** (attempt - 1)), signal);
  }
}

async function describeOutcome(
  outcome: FoundVariant,
): Promise<Pick<WarmResult, "status" | "bytes">> {
  if (outcome.kind === "stored") return { status: "there", bytes: outcome.info.size };
  if (await outcome.written) return { status: "made", bytes: outcome.variant.info.size };
  throw new MediaError("store_failed", "the variant was made, but could not be kept");
}

export function describeError(error: unknown): Required<Pick<WarmResult, "code" | "message">> {
  if (error instanceof MediaError) return { code: error.code, message: error.message };
  return { code: "internal", message: String(error) };
}
