import { MediaError } from "../errors.ts";
import type { Item } from "./item.ts";
import { readItem } from "./item.ts";
import type { Usage } from "./ledger.ts";
import type { Shelf } from "./shelf.ts";
import { findObject, isFileKey, toFolder } from "./shelf.ts";

/** Which files are listed. */
export interface ListQuery {
  /** Whose files. Default: those of all owners, and of none. */
  readonly owner?: string | undefined;
  /** The beginning of keys, below the collection and the owner. */
  readonly prefix?: string | undefined;
}

export interface PageQuery extends ListQuery {
  /** The `cursor` of the page before. */
  readonly cursor?: string | undefined;
  /** Files per page, 1 to 1000. Default: 100. A page may have fewer. */
  readonly limit?: number | undefined;
}

/** In ascending order of keys. */
export interface Page<I> {
  readonly items: readonly I[];
  /** Present when there is more. */
  readonly cursor?: string;
}

const PAGE_ITEMS = 100;
/** Files whose metadata is asked for at the same time. */
const HEADS_AT_ONCE = 16;

export async function listPage(
  shelf: Shelf,
  { cursor, limit = PAGE_ITEMS, ...query }: PageQuery,
): Promise<Page<Item>> {
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
    throw new MediaError("invalid_body", `limit must be an integer from 1 to 1000, got ${limit}`);
  }
  const { originals } = shelf.parts;
  const page = await originals.list({
    prefix: toListPrefix(shelf, query),
    limit,
    ...(cursor !== undefined && { cursor }),
  });
  const keys = page.keys.filter((key) => isFileKey(shelf.rules, key));
  const items = await mapAtOnce(keys, HEADS_AT_ONCE, async (key) => {
    const info = await findObject(shelf, key);
    return info && readItem(shelf.addresses, originals, { key, info });
  });
  const next = page.cursor;
  return {
    items: items.filter((item) => item !== undefined),
    ...(next !== undefined && { cursor: next }),
  };
}

export async function* listItems(shelf: Shelf, query: ListQuery): AsyncGenerator<Item> {
  let cursor: string | undefined;
  do {
    const page = await listPage(shelf, { ...query, cursor });
    yield* page.items;
    ({ cursor } = page);
  } while (cursor !== undefined);
}

function toListPrefix({ rules }: Shelf, { owner, prefix = "" }: ListQuery): string {
  return toFolder(rules, owner) + prefix;
}

/** The keys of all objects that begin with a prefix, page by page: those of files, and all others. */
export async function* listKeys(
  { parts }: Pick<Shelf, "parts">,
  prefix: string,
): AsyncGenerator<{ readonly keys: readonly string[]; readonly sizes: readonly number[] }> {
  let cursor: string | undefined;
  do {
    const page = await parts.originals.list({
      prefix,
      withSizes: true,
      ...(cursor !== undefined && { cursor }),
    });
    yield { keys: page.keys, sizes: page.sizes ?? [] };
    ({ cursor } = page);
  } while (cursor !== undefined);
}

/** Counts files from a listing: a thousand for each call of the store. */
export async function countFiles(
  shelf: Pick<Shelf, "rules" | "parts">,
  prefix: string,
  without: { has(key: string): boolean } = new Set(),
): Promise<Usage> {
  let items = 0;
  let bytes = 0;
  for await (const page of listKeys(shelf, prefix)) {
    page.keys.forEach((key, index) => {
      if (!isFileKey(shelf.rules, key) || without.has(key)) return;
      items += 1;
      bytes += page.sizes[index] ?? 0;
    });
  }
  return { items, bytes };
}

/** Runs `work` on all values, some at the same time, and gives the results in their order. */
export async function mapAtOnce<T, R>(
  values: readonly T[],
  atOnce: number,
  work: (value: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const queue = values.entries();
  const lane = async (): Promise<void> => {
    for (const [index, value] of queue) results[index] = await work(value);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, values.length) }, lane));
  return results;
}
