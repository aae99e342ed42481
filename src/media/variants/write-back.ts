import type { VariantRequest } from "../../request/request.ts";
import type { ObjectStore, PutOptions } from "../../store/store.ts";
import type { MadeVariant, StoredHeaders, Variant, VariantInfo } from "../variant.ts";
import { nameSource, readVariantInfo, toPutOptions } from "../variant.ts";

export interface WriteBackDeps {
  readonly originals: Pick<ObjectStore, "head">;
  readonly variants: Pick<ObjectStore, "head" | "put">;
  readonly headers: StoredHeaders;
}

interface Write {
  readonly request: VariantRequest;
  readonly variant: Variant;
  readonly options: PutOptions;
}

/** Writes variants, and never over one of a newer original. */
export class WriteBack {
  readonly #deps: WriteBackDeps;
  #canSetConditions = true;

  constructor(deps: WriteBackDeps) {
    this.#deps = deps;
  }

  /** Checks that the original is still the one that a variant was made from. */
  async isCurrent(request: VariantRequest, { info }: Variant): Promise<boolean> {
    const original = await this.#deps.originals.head(request.key);
    return original !== undefined && nameSource(original, request) === info.source;
  }

  /**
   * @param replaces the ETag of the stale object that was found under the variant's key
   * @returns the variant that the store has now, or `undefined` when it has a newer one
   */
  async write(
    request: VariantRequest,
    variant: MadeVariant,
    replaces: string | undefined,
  ): Promise<VariantInfo | undefined> {
    const options = toPutOptions(request, variant, this.#deps.headers);
    const write = { request, variant, options };
    if (!this.#canSetConditions) return this.#writeUnconditionally(write);
    const result = await this.#put(write, replaces);
    if (result === "stored") return variant.info;
    if (result === "precondition_failed") return this.#resolveConflict(write);
    const stored = await this.#writeUnconditionally(write);
    // if both had failed, the condition would not be the cause
    if (stored) this.#canSetConditions = false;
    return stored;
  }

  async #put({ request, variant, options }: Write, replaces: string | undefined) {
    const condition = replaces === undefined ? "absent" : { etag: replaces };
    const put = { ...options, condition } as const;
    return (await this.#deps.variants.put(request.variantKey, variant.bytes, put)).kind;
  }

  /** Another instance has written first: its variant stays, unless only ours is of the current original. */
  async #resolveConflict(write: Write): Promise<VariantInfo | undefined> {
    const { request, variant } = write;
    const present = await this.#deps.variants.head(request.variantKey);
    const info = present && readVariantInfo(request, present);
    if (info?.source === variant.info.source) return info;
    if (!(await this.isCurrent(request, variant))) return undefined;
    return (await this.#put(write, present?.etag)) === "stored" ? variant.info : undefined;
  }

  /** For stores without conditions: the original may change between the check and the write, within one TTL. */
  async #writeUnconditionally({
    request,
    variant,
    options,
  }: Write): Promise<VariantInfo | undefined> {
    if (!(await this.isCurrent(request, variant))) return undefined;
    const result = await this.#deps.variants.put(request.variantKey, variant.bytes, options);
    return result.kind === "stored" ? variant.info : undefined;
  }
}
