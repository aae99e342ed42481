import type { ObjectStore, PutOptions } from "../../store/store.ts";
import type { VariantRequest } from "../../request/request.ts";
import type { MadeVariant, StoredHeaders, Variant, VariantInfo } from "../variant.ts";
import { toPutOptions, readVariantInfo } from "../variant.ts";

export interface WriteBackDeps {
  readonly originals: Pick<ObjectStore, "head">;
  readonly variants: Pick<ObjectStore, "head" | "put">;
  readonly storedAs: StoredHeaders;
}

/** Keeps a variant, unless one of a newer original is there. */
export interface WriteBack {
  /**
   * @param replaces the ETag of the stale object that was found under the variant's key
   * @returns what the store has now, or `undefined` when it has something newer
   */
  write(
    request: VariantRequest,
    variant: MadeVariant,
    replaces: string | undefined,
  ): Promise<VariantInfo | undefined>;
  /** Whether the original is still the one that a variant was made from. */
  isCurrent(request: VariantRequest, variant: Variant): Promise<boolean>;
}

export function createWriteBack(deps: WriteBackDeps): WriteBack {
  let canCondition = true;
  return {
    isCurrent: (request, variant) => isCurrent(deps, request, variant),
    write: async (request, variant, replaces) => {
      const options = toPutOptions(request, variant, deps.storedAs);
      const work = { request, variant, options };
      if (!canCondition) return putWithoutCondition(deps, work);
      const condition = replaces === undefined ? "absent" : { etag: replaces };
      const { variantKey } = request;
      const result = await deps.variants.put(variantKey, variant.bytes, { ...options, condition });
      if (result.kind === "stored") return variant.info;
      if (result.kind === "precondition_failed") return resolveConflict(deps, work);
      const kept = await putWithoutCondition(deps, work);
      // had it failed, too, the condition would not have been what was wrong
      if (kept) canCondition = false;
      return kept;
    },
  };
}

interface Write {
  readonly request: VariantRequest;
  readonly variant: Variant;
  readonly options: PutOptions;
}

/** Another instance was faster: its variant stays, unless ours alone is of the current original. */
async function resolveConflict(
  deps: WriteBackDeps,
  { request, variant, options }: Write,
): Promise<VariantInfo | undefined> {
  const present = await deps.variants.head(request.variantKey);
  const info = present && readVariantInfo(request, present);
  if (info?.sourceEtag === variant.info.sourceEtag) return info;
  if (!(await isCurrent(deps, request, variant))) return undefined;
  const condition = present ? { etag: present.etag } : "absent";
  const result = await deps.variants.put(request.variantKey, variant.bytes, {
    ...options,
    condition,
  });
  return result.kind === "stored" ? variant.info : undefined;
}

/** For stores without conditions; what is checked can change before the write, within one TTL. */
async function putWithoutCondition(
  deps: WriteBackDeps,
  { request, variant, options }: Write,
): Promise<VariantInfo | undefined> {
  if (!(await isCurrent(deps, request, variant))) return undefined;
  const result = await deps.variants.put(request.variantKey, variant.bytes, options);
  return result.kind === "stored" ? variant.info : undefined;
}

async function isCurrent(
  { originals }: WriteBackDeps,
  { key }: VariantRequest,
  { info }: Variant,
): Promise<boolean> {
  return (await originals.head(key))?.etag === info.sourceEtag;
}
