import { SharedWork } from "../../async/shared-work.ts";
import { MediaError } from "../../errors.ts";
import type { VariantRequest } from "../../request/request.ts";
import type { ByteStream, ObjectStore, OpenOptions } from "../../store/store.ts";
import type { Observe } from "../observe.ts";
import type { IncrementalHash, OpenBodies } from "../open-bodies.ts";
import { verifyStream } from "../open-bodies.ts";
import type { VariantCache } from "../variant-cache.ts";
import type { Variant, VariantInfo } from "../variant.ts";
import { describeVariant, readVariantInfo } from "../variant.ts";

/** Up to this size variants are read whole, checked and cached; larger ones are sent as they are read. */
const MAX_WHOLE_BYTES = 1024 * 1024;

/** More than any variant within the output limits has. */
const MAX_VARIANT_BYTES = 64 * 1024 * 1024;

/** All bytes of a variant, or a stream of them. */
export type ReadResult =
  | { readonly kind: "whole"; readonly variant: Variant }
  | {
      readonly kind: "stream";
      readonly info: VariantInfo;
      readonly body: ByteStream;
      /** The bytes that the stream has; absent for all. */
      readonly range?: OpenOptions["range"];
    };

export interface VariantReaderDeps {
  readonly cache: VariantCache;
  readonly variants: Pick<ObjectStore, "get" | "open" | "delete">;
  readonly openBodies: OpenBodies;
  /** SHA-256. */
  readonly createHash: () => IncrementalHash;
  readonly observe: Observe;
}

interface VariantRead extends Pick<OpenOptions, "range"> {
  readonly info: VariantInfo;
  readonly signal: AbortSignal;
}

/** Reads variants from memory or from the store; callers that want the same small one share the request. */
export class VariantReader {
  readonly #deps: VariantReaderDeps;
  readonly #reads = new SharedWork<Variant | undefined>();

  constructor(deps: VariantReaderDeps) {
    this.#deps = deps;
  }

  /** Reads a variant that was found. `undefined` when it has gone meanwhile. */
  async read(request: VariantRequest, read: VariantRead): Promise<ReadResult | undefined> {
    const { info, signal } = read;
    const { variantKey } = request;
    const bytes = this.#deps.cache.getBytes(variantKey, info);
    if (bytes) return { kind: "whole", variant: { info, bytes } };
    if (info.size > MAX_WHOLE_BYTES) return this.#openStream(request, read);
    const variant = await this.#reads.join(
      `${info.etag} ${variantKey}`,
      ({ abandoned }) => this.#readWhole(request, info, abandoned),
      { signal },
    );
    return variant && { kind: "whole", variant };
  }

  async #readWhole(
    request: VariantRequest,
    info: VariantInfo,
    signal: AbortSignal,
  ): Promise<Variant | undefined> {
    const { cache, variants } = this.#deps;
    const { variantKey } = request;
    const object = await variants.get(variantKey, { maxBytes: MAX_VARIANT_BYTES, signal });
    const current = object.kind === "found" && readVariantInfo(request, object.info);
    if (!current) return undefined;
    const variant = { info: current, bytes: object.bytes };
    if (!(await isIntact(variant))) {
      await this.#discard(variantKey);
      return undefined;
    }
    // this or another instance may have made it again meanwhile
    cache.replaceInfo(request, info, current);
    cache.setBytes(variantKey, variant);
    return variant;
  }

  /** Deletes a damaged object, which would be found again. */
  async #discard(variantKey: string): Promise<void> {
    const { cache, variants, observe } = this.#deps;
    const problem = "the bytes of the variant are not those that were written";
    const error = new MediaError("store_failed", problem);
    observe({ kind: "background_failed", task: `read ${variantKey}`, error });
    cache.delete(variantKey);
    await variants.delete([variantKey]);
  }

  async #openStream(
    request: VariantRequest,
    { info, range, signal }: VariantRead,
  ): Promise<ReadResult | undefined> {
    const { cache, variants, openBodies } = this.#deps;
    const { variantKey } = request;
    const options = { signal, ...(range && { range }) };
    const object = await openBodies.open(variants, variantKey, options);
    const whole = { info, signal };
    if (object.kind === "changed") return this.#openStream(request, whole);
    const current = object.kind === "found" && readVariantInfo(request, object.info);
    if (!current) {
      if (object.kind === "found") object.body.close();
      return undefined;
    }
    cache.replaceInfo(request, info, current);
    const { body } = object;
    if (!range)
      return { kind: "stream", info: current, body: this.#verify(request, current, body) };
    if (current.etag === info.etag) return { kind: "stream", info, body, range };
    // it was made again meanwhile: the range was of other bytes, and all bytes are always a right answer
    body.close();
    return this.#openStream(request, { ...whole, info: current });
  }

  #verify({ variantKey }: VariantRequest, info: VariantInfo, body: ByteStream): ByteStream {
    return verifyStream(body, {
      hash: this.#deps.createHash(),
      digest: info.etag.slice(1, -1),
      onDamage: () => this.#discard(variantKey),
    });
  }
}

/** Closes a stream that comes after the end of the wait for it. */
export function closeResult(result: ReadResult): void {
  if (result.kind === "stream") result.body.close();
}

/** Disks, and programs that copy buckets, can damage stored bytes. */
async function isIntact({ info, bytes }: Variant): Promise<boolean> {
  return (await describeVariant({ bytes }, info.source)).etag === info.etag;
}
