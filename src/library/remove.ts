import { setTimeout as pause } from "node:timers/promises";
import { MediaError } from "../errors.ts";
import { PUT_ID } from "../media/originals/put-id.ts";
import type { EraseResult, ObjectInfo } from "../store/store.ts";
import { toCacheTag } from "../url/cache-tag.ts";
import type { TrashDays } from "../url/trash.ts";
import { toTrashKey, TRASH_DAYS } from "../url/trash.ts";
import type { CountedFile, Ledger } from "./ledger.ts";
import { listKeys, mapAtOnce } from "./list.ts";
import { printKept, readKept, toSidecarKey } from "./metadata.ts";
import type { Shelf } from "./shelf.ts";
import { checkOwnKey, getLedger, isFileKey } from "./shelf.ts";

/** One key, several, or all that begin with a prefix. */
export type DeleteTarget = string | readonly string[] | { readonly prefix: string };

export interface DeleteOptions {
  /**
   * Keep a copy for so many days, out of everybody's sight; `restore` brings it back. Without it, copies that are there
   * are deleted, too.
   */
  readonly after?: TrashDays | undefined;
}

export interface Deleted {
  /** The keys of the files that were deleted. */
  readonly deleted: readonly string[];
  /** The keys of files that were not there. Their variants are deleted nevertheless. */
  readonly missing: readonly string[];
  /** How many variants were deleted. */
  readonly variants: number;
  /** Tags by which a CDN purges all that it has of these files. */
  readonly cacheTags: readonly string[];
  /** Older versions in a bucket that keeps them: `none` were there, `deleted`, or `kept`, as we may not delete them. */
  readonly versions: EraseResult;
}

/** Files that are deleted together. */
const BATCH = 100;
const AT_ONCE = 8;

export async function deleteFiles(
  shelf: Shelf,
  target: DeleteTarget,
  { after }: DeleteOptions,
): Promise<Deleted> {
  if (after !== undefined && !TRASH_DAYS.includes(after)) {
    throw new MediaError(
      "invalid_body",
      `after must be one of ${TRASH_DAYS.join(", ")}, got ${after}`,
    );
  }
  let sum: Deleted = { deleted: [], missing: [], variants: 0, cacheTags: [], versions: "none" };
  const deletion = { after, withCopies: after === undefined };
  for await (const keys of listTarget(shelf, target, deletion)) {
    sum = add(sum, await deleteBatch(shelf, keys, deletion));
  }
  return sum;
}

/** Deletes a file that has another key by now. Copies of others that were under its key stay. */
export async function deleteMoved(shelf: Shelf, key: string): Promise<void> {
  await deleteBatch(shelf, [key], { withCopies: false });
}

interface Deletion extends DeleteOptions {
  /** Deletes what is in the trash, too. */
  readonly withCopies: boolean;
}

function add(one: Deleted, other: Deleted): Deleted {
  const versions = [one.versions, other.versions];
  return {
    deleted: [...one.deleted, ...other.deleted],
    missing: [...one.missing, ...other.missing],
    variants: one.variants + other.variants,
    cacheTags: [...one.cacheTags, ...other.cacheTags],
    versions: (["kept", "deleted"] as const).find((kind) => versions.includes(kind)) ?? "none",
  };
}

async function* listTarget(
  shelf: Shelf,
  target: DeleteTarget,
  { withCopies }: Deletion,
): AsyncGenerator<readonly string[]> {
  if (typeof target === "object" && "prefix" in target) {
    yield* listPrefix(shelf, target.prefix);
    if (withCopies) yield* listCopies(shelf, target.prefix);
    return;
  }
  const keys = typeof target === "string" ? [target] : target;
  for (const key of keys) checkOwnKey(shelf.rules, key);
  yield* split(keys);
}

async function* listPrefix(shelf: Shelf, prefix: string): AsyncGenerator<readonly string[]> {
  const { rules, parts } = shelf;
  if (prefix === "" || !prefix.startsWith(rules.prefix)) {
    const problem = `the prefix must begin with "${rules.prefix}" and not be empty, got "${prefix}"`;
    throw new MediaError("invalid_key", problem);
  }
  for await (const { keys } of listKeys(shelf, prefix)) {
    yield* split(keys.filter((key) => isFileKey(rules, key)));
    // `KEY.json` of files that are gone already, and ledgers of owners that have nothing any more
    const beside = keys.filter(
      (key) => isFileKey(rules, key.replace(/\.json$/, "")) && !isFileKey(rules, key),
    );
    if (beside.length > 0) await parts.originals.delete(beside);
  }
}

/** Lists the keys that files in the trash had. */
async function* listCopies(shelf: Shelf, prefix: string): AsyncGenerator<readonly string[]> {
  for (const folder of TRASH_DAYS.map((days) => toTrashKey("", days))) {
    for await (const { keys } of listKeys(shelf, folder + prefix)) {
      const before = keys.map((key) => key.slice(folder.length));
      yield* split(before.filter((key) => isFileKey(shelf.rules, key)));
    }
  }
}

function* split(keys: readonly string[]): Generator<readonly string[]> {
  for (let start = 0; start < keys.length; start += BATCH) yield keys.slice(start, start + BATCH);
}

/** The original goes first: from then on no variant of it is made. */
async function deleteBatch(
  shelf: Shelf,
  keys: readonly string[],
  { after, withCopies }: Deletion,
): Promise<Deleted> {
  const { parts } = shelf;
  const infos = await mapAtOnce(keys, AT_ONCE, (key) => parts.originals.head(key));
  const found = keys.flatMap((key, index) => (infos[index] ? [{ key, info: infos[index] }] : []));
  if (after !== undefined) {
    await mapAtOnce(found, AT_ONCE, ({ key, info }) =>
      throwAway(shelf, { key, info, days: after }),
    );
  }
  const close = await beginDeletion(shelf, found);
  const copies = withCopies ? await findCopies(shelf, keys) : [];
  const versions = await erase(shelf, [...keys, ...copies.map(({ copy }) => copy)]);
  const counts = await mapAtOnce(keys, AT_ONCE, (key) => parts.purgeVariants(key));
  await close();
  sweepLater(shelf, keys);
  const known = new Set([...found, ...copies].map(({ key }) => key));
  return {
    deleted: keys.filter((key) => known.has(key)),
    missing: keys.filter((key) => !known.has(key)),
    variants: counts.reduce((sum, count) => sum + count, 0),
    cacheTags: keys.map(toCacheTag),
    versions,
  };
}

/** Finds the copies of files in the trash. */
async function findCopies(
  { parts }: Shelf,
  keys: readonly string[],
): Promise<readonly { readonly key: string; readonly copy: string }[]> {
  const all = keys.flatMap((key) =>
    TRASH_DAYS.map((days) => ({ key, copy: toTrashKey(key, days) })),
  );
  const infos = await mapAtOnce(all, AT_ONCE, ({ copy }) => parts.originals.head(copy));
  return all.filter((_, index) => infos[index]);
}

interface FoundFile {
  readonly key: string;
  readonly info: ObjectInfo;
}

/** Tells the ledgers what is going to be deleted; gives what tells them that it is. */
async function beginDeletion(
  shelf: Shelf,
  files: readonly FoundFile[],
): Promise<() => Promise<void>> {
  const byLedger = new Map<Ledger, CountedFile[]>();
  for (const { key, info } of files) {
    const ledger = getLedger(shelf, info);
    if (!ledger) continue;
    const file = { key, putId: info.metadata[PUT_ID], bytes: info.size };
    byLedger.set(ledger, [...(byLedger.get(ledger) ?? []), file]);
  }
  const begun = await Promise.all(
    [...byLedger].map(async ([ledger, some]) => ({
      ledger,
      ids: await ledger.begin("delete", some),
    })),
  );
  return async () => {
    // entries that cannot be counted now are looked up when their time is over
    await Promise.all(begun.map(({ ledger, ids }) => ledger.close(ids).catch(() => undefined)));
  };
}

async function erase({ parts }: Shelf, keys: readonly string[]): Promise<EraseResult> {
  const all = keys.flatMap((key) => [key, toSidecarKey(key)]);
  if (parts.originals.erase) return parts.originals.erase(all);
  await parts.originals.delete(all);
  return "none";
}

/** Deletes variants of files once more, which were under way while the files were deleted. */
function sweepLater({ parts }: Shelf, keys: readonly string[]): void {
  const sweep = async (): Promise<void> => {
    await pause(parts.deadlineMs);
    // an original that is gone takes its variants along whenever one is asked for
    await mapAtOnce(keys, AT_ONCE, (key) => parts.purgeVariants(key).catch(() => 0));
  };
  parts.background.run(sweep());
}

async function throwAway(
  { parts: { originals } }: Shelf,
  { key, info, days }: FoundFile & { readonly days: TrashDays },
): Promise<void> {
  const to = toTrashKey(key, days);
  const kept = await readKept(originals, key, info);
  const { metadata, rest } = printKept({ ...kept, deletedAt: new Date().toISOString() });
  const { contentType = "application/octet-stream", contentDisposition } = info;
  const headers = { contentType, ...(contentDisposition !== undefined && { contentDisposition }) };
  const copied = await originals.copy(key, to, { ...headers, metadata, ifMatch: info.etag });
  if (copied.kind === "changed") {
    throw new MediaError("store_failed", `"${key}" has changed while it was deleted, try again`);
  }
  if (rest) await originals.put(toSidecarKey(to), rest, { contentType: "application/json" });
}
