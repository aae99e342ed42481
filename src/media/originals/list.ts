import { isInTrash } from "../../url/trash.ts";
import type { ListOptions, ListPage, ObjectStore } from "../../store/store.ts";

/** Pages of a store that one search reads: a store has no index of the middle of keys. */
const MAX_SEARCHED_PAGES = 10;

export interface ListOriginalsDeps {
  readonly store: Pick<ObjectStore, "list">;
  /** The root of variants, which may lie in the same bucket: `variants/`. */
  readonly variantsRoot: string;
  /** True for a key that may be an image, by its extension. */
  readonly isImage: (key: string) => boolean;
}

export interface ListOriginalsInput extends Pick<ListOptions, "prefix" | "cursor" | "signal"> {
  /** Text that keys have behind the prefix, in any case. Without it one folder is listed, with it all below. */
  readonly search?: string;
  /** Keys and folders per page. A search may find more in the last page that it reads. */
  readonly limit: number;
}

/** Keys of originals, the folders beside them, and a cursor when there is more. */
export type OriginalsPage = Required<Pick<ListPage, "keys" | "folders">> & Pick<ListPage, "cursor">;

/** Lists the originals of a folder, or finds them by a part of their keys. @throws MediaError as the store does */
export async function listOriginals(
  { store, variantsRoot, isImage }: ListOriginalsDeps,
  input: ListOriginalsInput,
): Promise<OriginalsPage> {
  const { search, ...options } = input;
  const page = search
    ? await searchKeys(store, { ...input, search })
    : await store.list({ ...options, delimiter: "/" });
  const isShown = (key: string): boolean => !key.startsWith(variantsRoot) && !isInTrash(key);
  return {
    ...page,
    keys: page.keys.filter((key) => isShown(key) && isImage(key)),
    folders: (page.folders ?? []).filter(isShown),
  };
}

async function searchKeys(
  store: Pick<ObjectStore, "list">,
  { prefix, search, cursor, limit, signal }: ListOriginalsInput & { readonly search: string },
): Promise<ListPage> {
  const wanted = search.toLowerCase();
  const keys: string[] = [];
  let next = cursor;
  for (let pages = 0; pages < MAX_SEARCHED_PAGES; pages += 1) {
    const page = await store.list({
      prefix,
      ...(next !== undefined && { cursor: next }),
      ...(signal && { signal }),
    });
    keys.push(
      ...page.keys.filter((key) => key.slice(prefix.length).toLowerCase().includes(wanted)),
    );
    next = page.cursor;
    if (next === undefined || keys.length >= limit) break;
  }
  return next === undefined ? { keys } : { keys, cursor: next };
}
