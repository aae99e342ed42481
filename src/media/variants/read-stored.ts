import { MediaError } from "../../errors.ts";
import type { ByteStream, ObjectStore, OpenOptions } from "../../store/store.ts";
import { createCoalescer } from "../../concurrency/coalesce.ts";
import type { Coalescer } from "../../concurrency/coalesce.ts";
import type { Observe } from "../observe.ts";
import type { VariantCache } from "../variant-cache.ts";
import type { VariantRequest } from "../../request/request.ts";
import type { IncrementalHash, OpenBodies } from "../open-bodies.ts";
import { verifyStream } from "../open-bodies.ts";
import type { Variant, VariantInfo } from "../variant.ts";
import { describeVariant, readVariantInfo } from "../variant.ts";

/** Up to here variants are read whole, checked, and kept; larger ones are sent as they are read. */
const MAX_WHOLE_BYTES = 1024 * 1024;

/** More than any variant within the output limits has. */
const MAX_VARIANT_BYTES = 64 * 1024 * 1024;

/** What was read of a variant: all of it, or what is still to come. */
export type ReadResult =
  | { readonly kind: "whole"; readonly variant: Variant }
  | {
      readonly kind: "stream";
      readonly info: VariantInfo;
      readonly body: ByteStream;
      /** Which bytes these are; absent for all. */
      readonly range?: OpenOptions["range"];
    };

/** Which bytes are wanted, and for how long to wait for the first. */
export type ReadOptions = Pick<OpenOptions, "range" | "signal">;

/** The bytes of a variant that was found; `undefined` when it has gone meanwhile. */
export type ReadVariant = (
  request: VariantRequest,
  info: VariantInfo,
  options?: ReadOptions,
) => Promise<ReadResult | undefined>;

export interface ReaderDeps {
  readonly cache: VariantCache;
  readonly variants: Pick<ObjectStore, "get" | "open" | "delete">;
  readonly streams: OpenBodies;
  /** SHA-256. */
  readonly createHash: () => IncrementalHash;
  readonly observe: Observe;
}

interface State extends ReaderDeps {
  readonly reads: Coalescer<Variant | undefined>;
}

/** Reads variants from memory or from the store; those who want the same small one share the request. */
export function createReader(deps: ReaderDeps): ReadVariant {
  const state: State = { ...deps, reads: createCoalescer<Variant | undefined>() };
  return async (request, info, options = {}) => {
    const bytes = state.cache.getBytes(request.variantKey, info);
    if (bytes) return { kind: "whole", variant: { info, bytes } };
    if (info.size > MAX_WHOLE_BYTES) return openStream(state, request, { ...options, info });
    const { signal } = options;
    const variant = await state.reads.join(
      `${info.etag} ${request.variantKey}`,
      ({ abandoned }) => readWhole(state, request, { info, signal: abandoned }),
      signal && { signal },
    );
    return variant && { kind: "whole", variant };
  };
}

async function readWhole(
  state: State,
  request: VariantRequest,
  { info, signal }: { readonly info: VariantInfo; readonly signal: AbortSignal },
): Promise<Variant | undefined> {
  const { cache, variants } = state;
  const { variantKey } = request;
  const object = await variants.get(variantKey, { maxBytes: MAX_VARIANT_BYTES, signal });
  const current = object.kind === "found" && readVariantInfo(request, object.info);
  if (!current) return undefined;
  const variant = { info: current, bytes: object.bytes };
  if (!(await isIntact(variant))) {
    await discard(state, variantKey);
    return undefined;
  }
  // another instance may have made it anew meanwhile; or we have, while this was on its way
  cache.replaceInfo(request, info, current);
  cache.setBytes(variantKey, variant);
  return variant;
}

/** Disks and those who copy buckets can damage what is at rest. */
async function isIntact({ info, bytes }: Variant): Promise<boolean> {
  return (await describeVariant(bytes, info.sourceEtag)).etag === info.etag;
}

/** What describes itself wrongly would be found again. */
async function discard({ cache, variants, observe }: State, variantKey: string): Promise<void> {
  const error = new MediaError("store_failed", "its bytes are not those that were written");
  observe({ kind: "background_failed", task: `read ${variantKey}`, error });
  cache.delete(variantKey);
  await variants.delete([variantKey]);
}

async function openStream(
  state: State,
  request: VariantRequest,
  { info, range, signal }: ReadOptions & { readonly info: VariantInfo },
): Promise<ReadResult | undefined> {
  const { cache, variants, streams } = state;
  const { variantKey } = request;
  const options = { ...(range && { range }), ...(signal && { signal }) };
  const object = await streams.open(variants, variantKey, options);
  const whole = { info, ...(signal && { signal }) };
  if (object.kind === "changed") return openStream(state, request, whole);
  const current = object.kind === "found" && readVariantInfo(request, object.info);
  if (!current) {
    if (object.kind === "found") object.body.close();
    return undefined;
  }
  cache.replaceInfo(request, info, current);
  const { body } = object;
  if (!range)
    return {
      kind: "stream",
      info: current,
      body: verify(state, variantKey, { info: current, body }),
    };
  if (current.etag === info.etag) return { kind: "stream", info, body, range };
  // made anew meanwhile: the range was of other bytes, and everything is always an answer
  body.close();
  return openStream(state, request, { ...whole, info: current });
}

function verify(
  state: State,
  variantKey: string,
  { info, body }: { readonly info: VariantInfo; readonly body: ByteStream },
): ByteStream {
  return verifyStream(body, {
    hash: state.createHash(),
    digest: info.etag.slice(1, -1),
    onDamage: () => discard(state, variantKey),
  });
}
