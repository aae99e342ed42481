import { MediaError } from "../../errors.ts";
import type { ObjectStore } from "../../store/store.ts";
import { checkBytes } from "../../transform/limits.ts";
import { checkKey, MAX_KEY_BYTES } from "../../url/key.ts";
import { parseVariantKey, toVariantFolder, isUnderRoot } from "../../url/variant-key.ts";
import type { VariantPrefix } from "../../url/variant-key.ts";
import { toCacheTag } from "../../url/cache-tag.ts";
import type { Observe } from "../observe.ts";
import type { VariantCache } from "../variant-cache.ts";

/** Pages of 1000 objects that one answer covers; a client continues with the cursor. */
const MAX_PAGES = 10;
/** The most foreign objects that one answer names. */
const MAX_LEFT = 100;

export interface PurgeDeps {
  readonly variants: Pick<ObjectStore, "list" | "delete">;
  readonly cache: Pick<VariantCache, "delete" | "deleteOriginal" | "deletePrefix">;
  readonly prefix: VariantPrefix;
  /** Drops the cached bytes of an original that may have been replaced. */
  readonly forgetOriginal?: (key: string) => void;
  readonly observe: Observe;
}

/** One original, or all originals whose keys begin with a prefix. */
export type PurgeTarget =
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "prefix"; readonly prefix: string };

/** The purged variants of one original. */
interface Purged {
  readonly key: string;
  /** The keys of its variants. */
  readonly variants: readonly string[];
  /** The tag of all answers about the original in a CDN. */
  readonly cacheTag: string;
}

export interface PurgePage {
  readonly purged: readonly Purged[];
  /** Objects among the variants that are not variants; they are not deleted. */
  readonly left: readonly string[];
  /** Where the next page begins; absent after the last. */
  readonly cursor?: string;
}

export interface PurgeResult extends PurgePage {
  /** False when one answer could not cover all: ask again with the cursor. */
  readonly isComplete: boolean;
}

export interface PurgeOptions {
  /** Lists what would be deleted, and deletes nothing. */
  readonly isDryRun?: boolean;
  /** The cursor of the previous answer. */
  readonly cursor?: string;
}

/** @throws MediaError `invalid_path` for a key or prefix that no original can have */
export function checkPurgeTarget(target: PurgeTarget, { root }: VariantPrefix): void {
  if (target.kind === "prefix") return checkPrefix(target.prefix);
  checkKey(target.key);
  if (!isUnderRoot(root, target.key)) return;
  const problem = `the key must be that of an original, got one under "${root}"`;
  throw new MediaError("invalid_path", problem);
}

/** A prefix may end inside a segment. */
function checkPrefix(prefix: string): void {
  if (/^$|^\/|[\p{Cc}\p{Surrogate}]/u.test(prefix)) {
    const problem = 'empty, begin with "/", or have control characters';
    throw new MediaError("invalid_path", `the prefix must not be ${problem}`);
  }
  checkBytes("the prefix", prefix, { max: MAX_KEY_BYTES });
}

/**
 * Deletes variants, as many as one answer covers.
 *
 * @throws MediaError as `checkPurgeTarget`, and what the store throws after some deletions
 */
export async function purge(
  deps: PurgeDeps,
  target: PurgeTarget,
  options: PurgeOptions = {},
): Promise<PurgeResult> {
  const purged = new Map<string, Purged>();
  const left: string[] = [];
  let pages = 0;
  let cursor: string | undefined;
  for await (const page of purgePages(deps, target, options)) {
    for (const one of page.purged) {
      purged.set(one.key, mergePurged(purged.get(one.key), one));
    }
    left.push(...page.left.slice(0, MAX_LEFT - left.length));
    cursor = page.cursor;
    pages += 1;
    if (pages === MAX_PAGES) break;
  }
  const rest = cursor === undefined ? { isComplete: true } : { isComplete: false, cursor };
  return { purged: [...purged.values()], left, ...rest };
}

function mergePurged(before: Purged | undefined, now: Purged): Purged {
  return before ? { ...now, variants: [...before.variants, ...now.variants] } : now;
}

/**
 * Deletes variants page by page; the variants of a page are gone when it is given.
 *
 * @throws MediaError as `checkPurgeTarget`, at once
 */
export function purgePages(
  deps: PurgeDeps,
  target: PurgeTarget,
  { isDryRun = false, cursor }: PurgeOptions = {},
): AsyncGenerator<PurgePage> {
  checkPurgeTarget(target, deps.prefix);
  return isDryRun ? listPages(deps, target, cursor) : deletePages(deps, target, cursor);
}

async function* deletePages(
  deps: PurgeDeps,
  target: PurgeTarget,
  start: string | undefined,
): AsyncGenerator<PurgePage> {
  deps.observe({ kind: "purge" });
  // from now on no variant is made of cached old bytes
  forget(deps, target);
  try {
    for await (const page of listPages(deps, target, start)) {
      await remove(deps, page);
      yield page;
    }
  } finally {
    // again, for a request that found a variant right before its deletion
    forget(deps, target);
  }
}

async function* listPages(
  deps: PurgeDeps,
  target: PurgeTarget,
  start?: string,
): AsyncGenerator<PurgePage> {
  let cursor = start;
  do {
    const page = await deps.variants.list({
      ...toListOptions(deps, target),
      ...(cursor !== undefined && { cursor }),
    });
    cursor = page.cursor;
    yield { ...sortPage(deps, target, page.keys), ...(cursor !== undefined && { cursor }) };
  } while (cursor !== undefined);
}

function toListOptions(
  { prefix }: PurgeDeps,
  target: PurgeTarget,
): { readonly prefix: string; readonly delimiter?: "/" } {
  // with the delimiter: below the key, as a folder, are variants of other originals
  return target.kind === "key"
    ? { prefix: toVariantFolder(prefix, target.key), delimiter: "/" }
    : { prefix: joinPrefix(prefix, target.prefix) };
}

function joinPrefix({ root, epoch }: VariantPrefix, prefix: string): string {
  return `${root}${epoch}/${prefix}`;
}

/** Sorts the objects of a page by their originals. */
function sortPage(
  { prefix }: PurgeDeps,
  target: PurgeTarget,
  objects: readonly string[],
): Omit<PurgePage, "cursor"> {
  const found = new Map<string, string[]>(target.kind === "key" ? [[target.key, []]] : []);
  const left: string[] = [];
  for (const object of objects) {
    const key = parseVariantKey(prefix, object)?.key;
    if (key === undefined) left.push(object);
    // the rest of a shorter key may match the prefix, too
    else if (isMeant(target, key)) add(found, key, object);
  }
  const purged = [...found].map(([key, variants]) => ({
    key,
    variants,
    cacheTag: toCacheTag(key),
  }));
  return { purged, left };
}

function add(found: Map<string, string[]>, key: string, variant: string): void {
  const variants = found.get(key);
  if (variants) variants.push(variant);
  else found.set(key, [variant]);
}

function isMeant(target: PurgeTarget, key: string): boolean {
  return target.kind === "key" ? key === target.key : key.startsWith(target.prefix);
}

async function remove(
  { variants, cache, forgetOriginal, observe }: PurgeDeps,
  { purged }: PurgePage,
): Promise<void> {
  const keys = purged.flatMap((one) => one.variants);
  for (const { key } of purged) forgetOriginal?.(key);
  try {
    if (keys.length > 0) await variants.delete(keys);
    observe({ kind: "purged", variants: keys.length });
  } finally {
    for (const key of keys) cache.delete(key);
  }
}

function forget({ cache, prefix, forgetOriginal }: PurgeDeps, target: PurgeTarget): void {
  if (target.kind === "prefix") {
    cache.deletePrefix({ key: target.prefix, variantKey: joinPrefix(prefix, target.prefix) });
  } else {
    cache.deleteOriginal(target.key);
    forgetOriginal?.(target.key);
  }
}

/** Deletes all variants of an original that is gone. Never rejects: a failure is observed. */
export async function purgeGone(deps: PurgeDeps, key: string): Promise<void> {
  try {
    // without `forget`: the failure that the original is missing stays cached
    for await (const page of listPages(deps, { kind: "key", key })) await remove(deps, page);
  } catch (error) {
    deps.observe({ kind: "background_failed", task: `purge the variants of ${key}`, error });
  }
}

/**
 * Deletes all variants of an original, however many there are.
 *
 * @returns their number
 */
export async function purgeAll(deps: PurgeDeps, key: string): Promise<number> {
  let count = 0;
  for await (const { purged } of purgePages(deps, { kind: "key", key })) {
    for (const { variants } of purged) count += variants.length;
  }
  return count;
}
