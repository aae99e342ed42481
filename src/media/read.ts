import { MediaError } from "../errors.ts";
import type { ObjectStore } from "../store/store.ts";
import { createCoalescer } from "./coalesce.ts";
import type { Observe } from "./events.ts";
import type { Memo } from "./memo.ts";
import type { VariantRequest } from "./request.ts";
import type { Variant, VariantInfo } from "./variant.ts";
import { describeVariant, readVariantInfo } from "./variant.ts";

/** More than any variant within the output limits has. */
const MAX_VARIANT_BYTES = 64 * 1024 * 1024;

/** The bytes of a variant that was found; `undefined` when it has gone meanwhile. */
export type ReadVariant = (
  request: VariantRequest,
  info: VariantInfo,
) => Promise<Variant | undefined>;

interface ReaderDeps {
  readonly memo: Memo;
  readonly variants: Pick<ObjectStore, "get" | "delete">;
  readonly observe: Observe;
}

/** Reads variants from memory or from the store; those who want the same one share the request. */
export function createReader({ memo, variants, observe }: ReaderDeps): ReadVariant {
  const reads = createCoalescer<Variant | undefined>();
  return async (request, info) => {
    const { variantKey } = request;
    const kept = memo.bytesOf(variantKey, info);
    if (kept) return { info, bytes: kept };
    return reads.join(variantKey, async () => {
      const object = await variants.get(variantKey, { maxBytes: MAX_VARIANT_BYTES });
      const current = object.kind === "found" && readVariantInfo(request, object.info);
      if (!current) return undefined;
      const variant = { info: current, bytes: object.bytes };
      if (!(await isIntact(variant))) {
        const error = new MediaError("store_failed", "its bytes are not those that were written");
        observe({ kind: "background_failed", task: `read ${variantKey}`, error });
        await variants.delete([variantKey]); // what describes itself wrongly would be found again
        return undefined;
      }
      // another instance may have made it anew meanwhile
      memo.correct(request, current);
      memo.keepBytes(variantKey, variant);
      return variant;
    });
  };
}

/** Disks and those who copy buckets can damage what is at rest. */
async function isIntact({ info, bytes }: Variant): Promise<boolean> {
  return (await describeVariant(bytes, info.sourceEtag)).etag === info.etag;
}
