import { anySignal, createTimeout, orAbort } from "../../abort.ts";
import { MediaError } from "../../errors.ts";
import type { VariantOutcome } from "./look-up.ts";
import type { VariantCache } from "../variant-cache.ts";
import type { ReaderDeps, ReadOptions, ReadResult, ReadVariant } from "./read-stored.ts";
import { createReader } from "./read-stored.ts";
import type { VariantRequest } from "../../request/request.ts";
import type { VariantInfo } from "../variant.ts";

/** The bytes of a variant that was found; made again should it have gone meanwhile. */
export type ReadBytes = (
  request: VariantRequest,
  info: VariantInfo,
  options?: ReadOptions & {
    /** What of the time for one request has been used up. */
    readonly spentMs?: number;
  },
) => Promise<ReadResult>;

interface BytesDeps extends ReaderDeps {
  /** For one request in all, up to the first byte of its answer. */
  readonly requestTimeoutMs: number;
  readonly find: (
    request: VariantRequest,
    options: { readonly signal?: AbortSignal },
  ) => Promise<Exclude<VariantOutcome, { kind: "too_slow" }>>;
}

export function createBytes(deps: BytesDeps): ReadBytes {
  const read = createReader(deps);
  return async (request, info, { spentMs = 0, signal: patience, range } = {}) => {
    const timeout = createTimeout(Math.max(0, deps.requestTimeoutMs - spentMs));
    const signal = patience ? anySignal([patience, timeout.signal]) : timeout.signal;
    const options = { info, signal, ...(range && { range }) };
    const result = readOrMake({ ...deps, read }, request, options);
    try {
      return await orAbort(result, signal, () => void result.then(close, () => undefined));
    } catch (error) {
      if (error instanceof MediaError) throw error;
      throw new MediaError("timeout", "the store did not answer in time", { cause: error });
    } finally {
      timeout.clear();
    }
  };
}

/** What nobody takes is not to stay open. */
function close(result: ReadResult): void {
  if (result.kind === "stream") result.body.close();
}

async function readOrMake(
  {
    read,
    cache,
    find,
  }: Pick<BytesDeps, "find"> & { readonly cache: VariantCache; readonly read: ReadVariant },
  request: VariantRequest,
  { info, ...options }: ReadOptions & { readonly info: VariantInfo },
): Promise<ReadResult> {
  const result = await read(request, info, options);
  if (result) return result;
  // deleted behind our back: what is known of it is wrong
  cache.delete(request.variantKey);
  const { signal } = options;
  const patience = signal ? { signal } : {};
  const outcome = await find(request, patience);
  if (outcome.kind === "made") return { kind: "whole", variant: outcome.variant };
  const again = await read(request, outcome.info, patience); // all of it: its parts are others now
  if (again) return again;
  throw new MediaError("store_failed", "the variant comes and goes");
}
