import type { ObjectStore } from "../store/store.ts";
import type { VariantPrefix } from "../url/variant-prefix.ts";
import { variantFolder } from "../url/variant-key.ts";
import type { Observe } from "./events.ts";
import type { Memo } from "./memo.ts";

export interface PurgeDeps {
  readonly variants: Pick<ObjectStore, "list" | "delete">;
  readonly memo: Pick<Memo, "forget">;
  readonly prefix: VariantPrefix;
  readonly observe: Observe;
}

/** Deletes all variants of an original that has gone. Never rejects: a failure is observed. */
export async function purgeVariants(deps: PurgeDeps, key: string): Promise<void> {
  const { variants, memo, prefix, observe } = deps;
  try {
    let cursor: string | undefined;
    do {
      const page = await variants.list({
        prefix: variantFolder(prefix, key),
        delimiter: "/",
        ...(cursor !== undefined && { cursor }),
      });
      for (const variantKey of page.keys) memo.forget(variantKey);
      if (page.keys.length > 0) await variants.delete(page.keys);
      cursor = page.cursor;
    } while (cursor !== undefined);
  } catch (error) {
    observe({ kind: "background_failed", task: `purge the variants of ${key}`, error });
  }
}
