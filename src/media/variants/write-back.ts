import type { VariantRequest } from "../../request/request.ts";
import type { ObjectInfo, ObjectStore, PutOptions } from "../../store/store.ts";
import type { MadeVariant, StoredHeaders, Variant, VariantInfo } from "../variant.ts";
import { isBetter, nameSource, readVariantInfo, toPutOptions } from "../variant.ts";

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

/** The object that is there already, and the variant that it is, if that one stays. */
interface Rival {
  readonly present: ObjectInfo | undefined;
  readonly better: VariantInfo | undefined;
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

  /** Another instance has written first: its variant stays, unless ours is of a newer original or a newer recipe. */
  async #resolveConflict(write: Write): Promise<VariantInfo | undefined> {
    const { request, variant } = write;
    const { present, better } = await this.#findBetter(write);
    if (better) return better;
    if (!(await this.isCurrent(request, variant))) return undefined;
    return (await this.#put(write, present?.etag)) === "stored" ? variant.info : undefined;
  }

  /** Looks for a variant of the same original that ours must not replace. */
  async #findBetter({ request, variant }: Write): Promise<Rival> {
    const present = await this.#deps.variants.head(request.variantKey);
    const info = present && readVariantInfo(request, present);
    const isKept = info?.source === variant.info.source && !isBetter(variant.info, info);
    return { present, better: isKept ? info : undefined };
  }

  /** For stores without conditions: either may change between the checks and the write, within one TTL. */
  async #writeUnconditionally(write: Write): Promise<VariantInfo | undefined> {
    const { request, variant, options } = write;
    if (!(await this.isCurrent(request, variant))) return undefined;
    const { better } = await this.#findBetter(write);
    if (better) return better;
    const result = await this.#deps.variants.put(request.variantKey, variant.bytes, options);
    return result.kind === "stored" ? variant.info : undefined;
  }
}
