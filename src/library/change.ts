import { randomUUID } from "node:crypto";
import { MediaError } from "../errors.ts";
import { PUT_ID } from "../media/originals/put-id.ts";
import type { ByteSource, ObjectInfo, ObjectStore } from "../store/store.ts";
import type { FocalPoint } from "../transform/spec.ts";
import { toTrashKey, TRASH_DAYS } from "../url/trash.ts";
import type { Item } from "./item.ts";
import { createItem } from "./item.ts";
import type { Kept, Metadata } from "./metadata.ts";
import {
  checkFocal,
  checkMeta,
  hasRest,
  isBegun,
  omitFields,
  printFocal,
  printKept,
  readKept,
  toSidecarKey,
  writeRest,
} from "./metadata.ts";
import { cleanName } from "./names.ts";
import type { TakenFile } from "./put.ts";
import { describeFile, makePresets } from "./put.ts";
import { Refused } from "./refusal.ts";
import { deleteMoved } from "./remove.ts";
import type { Shelf } from "./shelf.ts";
import { checkOwnFolder, checkOwnKey, findItem, findObject, getLedger } from "./shelf.ts";

/** A change of a file; what is absent stays. */
export interface FileChange {
  /** Replaces the metadata of the application as a whole. */
  readonly meta?: unknown;
  /** Fractions of width and height; `none` takes it away. All variants of the file are made anew. */
  readonly focal?: FocalPoint | "none" | undefined;
  /** The name for downloads. */
  readonly name?: string | undefined;
}

/** Another write may come between the reading and the writing of metadata. */
const MAX_ATTEMPTS = 4;

/** @throws Refused `not_found`, `invalid_metadata` */
export async function updateFile(
  shelf: Shelf,
  key: string,
  change: FileChange,
): Promise<TakenFile> {
  const meta =
    change.meta === undefined ? undefined : await checkMeta(shelf.rules.schema, change.meta);
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const info = await findObject(shelf, key);
    if (!info) {
      // it was deleted after an attempt had written there
      if (attempt > 1) await shelf.parts.originals.delete([toSidecarKey(key)]);
      throw notFound(key);
    }
    const before = await readKept(shelf.parts.originals, key, info);
    const kept = applyChange(before, { ...change, meta });
    if (!(await rewrite(shelf, key, { info, kept }))) continue;
    const taken = toTaken(shelf, key, { info, kept });
    if (printPoint(kept.focal) !== printPoint(before.focal)) await renew(shelf, taken.item);
    return taken;
  }
  throw new MediaError("overloaded", `"${key}" is changed by others all the time, try again later`);
}

function applyChange(
  before: Kept,
  { focal = before.focal, name, meta }: FileChange & { readonly meta: Metadata | undefined },
): Kept {
  return {
    ...omitFields(before, ["focal"]),
    ...(focal !== undefined && focal !== "none" && { focal: checkFocal(focal) }),
    ...(name !== undefined && { name: cleanName(name) }),
    ...(meta && { meta }),
  };
}

function printPoint(point: FocalPoint | undefined): string {
  return point ? printFocal(point) : "";
}

interface Described {
  readonly info: ObjectInfo;
  readonly kept: Kept;
}

/** Copies an object over itself with other metadata; false when it has changed meanwhile. */
async function rewrite(
  { parts: { originals } }: Shelf,
  key: string,
  { info, kept }: Described,
): Promise<boolean> {
  const { contentType = "application/octet-stream", cacheControl, etag } = info;
  const { metadata, rest } = printKept(kept);
  // before the object lets go of what it had: a process may end in between
  await writeRest(originals, key, rest);
  const copied = await originals.copy(key, key, {
    ...describeFile(contentType, kept.name ?? key.slice(key.lastIndexOf("/") + 1)),
    ...(cacheControl !== undefined && { cacheControl }),
    metadata,
    ifMatch: etag,
  });
  if (copied.kind === "changed") return false;
  if (!rest && hasRest(info)) await originals.delete([toSidecarKey(key)]);
  return true;
}

/** Has all variants of a file made anew. */
async function renew(shelf: Shelf, item: Item): Promise<void> {
  shelf.parts.forgetOriginal(item.key);
  await shelf.parts.purgeVariants(item.key);
  await makePresets(shelf, item);
}

/**
 * Moves a file. A move that was interrupted goes on when it is asked for again.
 *
 * @throws Refused `not_found`, `exists`, `invalid_key`
 */
export async function moveFile(shelf: Shelf, from: string, to: string): Promise<TakenFile> {
  const { parts, rules } = shelf;
  checkOwnKey(rules, to);
  const info = await findObject(shelf, from);
  const moved = await findMoved(shelf, { from, to, info });
  if (!info) {
    if (!moved) throw notFound(from);
    await parts.purgeVariants(from);
    return { ok: true, item: moved, existed: false };
  }
  if (from === to)
    return toTaken(shelf, to, { info, kept: await readKept(parts.originals, to, info) });
  const taken = moved
    ? await complete(shelf, from, { info, to })
    : await transfer(shelf, { from, to, info, isMove: true });
  await deleteMoved(shelf, from);
  return taken;
}

/** Completes what an interrupted move has begun. */
async function complete(
  shelf: Shelf,
  from: string,
  { info, to }: { readonly info: ObjectInfo; readonly to: string },
): Promise<TakenFile> {
  const { originals } = shelf.parts;
  const before = await readKept(originals, from, info);
  const kept: Kept = { ...before, movedFrom: printOrigin(from, info) };
  await writeRest(originals, to, printKept(kept).rest);
  return toTaken(shelf, to, { info, kept });
}

/** The file that an interrupted move has written; another one may be under `from` by now. */
async function findMoved(
  shelf: Shelf,
  { from, to, info }: Pick<Transfer, "from" | "to"> & { readonly info: ObjectInfo | undefined },
): Promise<Item | undefined> {
  const target = await shelf.parts.originals.head(to);
  if (!target) return undefined;
  const { movedFrom = "" } = await readKept(shelf.parts.originals, to, target);
  const isMoved = info
    ? movedFrom === printOrigin(from, info)
    : movedFrom.slice(movedFrom.indexOf(" ") + 1) === from;
  return isMoved ? findItem(shelf, to) : undefined;
}

/** Names an object and its key. */
function printOrigin(key: string, { etag, metadata }: ObjectInfo): string {
  return `${metadata[PUT_ID] ?? etag} ${key}`;
}

/** @throws Refused `not_found`, `exists`, `quota`, `invalid_key` */
export async function copyFile(shelf: Shelf, from: string, to: string): Promise<TakenFile> {
  checkOwnKey(shelf.rules, to);
  const info = await findObject(shelf, from);
  if (!info) throw notFound(from);
  return transfer(shelf, { from, to, info, isMove: false });
}

/**
 * Brings a deleted file back: the one that was deleted last.
 *
 * @throws Refused `not_found`; `exists` for a key that another file has by now; `quota`
 */
export async function restoreFile(shelf: Shelf, key: string): Promise<TakenFile> {
  const { originals } = shelf.parts;
  checkOwnKey(shelf.rules, key);
  const places = await Promise.all(
    TRASH_DAYS.map(async (days) => {
      const from = toTrashKey(key, days);
      return { from, info: await originals.head(from) };
    }),
  );
  const found = places.flatMap(({ from, info }) => (info ? [{ from, info }] : []));
  const [last] = found.toSorted((a, b) => getDeletedAt(b.info).localeCompare(getDeletedAt(a.info)));
  if (!last)
    throw new Refused("not_found", `there is no deleted file "${key}" that could be restored`);
  const taken = await transfer(shelf, { ...last, to: key, isMove: false });
  await originals.delete([last.from, toSidecarKey(last.from)]);
  return taken;
}

function getDeletedAt({ metadata }: ObjectInfo): string {
  return metadata["deleted-at"] ?? "";
}

interface Transfer {
  readonly from: string;
  readonly to: string;
  readonly info: ObjectInfo;
  /** The file under `from` is going to be deleted, so that it needs no room of its own. */
  readonly isMove: boolean;
}

/**
 * Writes a file under another key, if that is free. The bytes come this way, and are checked on it: stores that copy by
 * themselves do not all check whether the key is free.
 */
async function transfer(shelf: Shelf, { from, to, info, isMove }: Transfer): Promise<TakenFile> {
  const { parts } = shelf;
  const { originals } = parts;
  const before = await readKept(originals, from, info);
  checkOwnFolder(shelf.rules, before.owner, to);
  const kept: Kept = {
    ...omitFields(before, ["deletedAt", "movedFrom"]),
    putId: randomUUID(),
    ...(isMove && { movedFrom: printOrigin(from, info) }),
  };
  const ledger = getLedger(shelf, info);
  const file = { key: to, putId: kept.putId, bytes: info.size };
  const ids = ledger && (isMove ? await ledger.begin("put", [file]) : [await ledger.reserve(file)]);
  try {
    await writeTo(originals, to, { from, info, kept });
    parts.forgetOriginal(to);
    return toTaken(shelf, to, { info, kept });
  } finally {
    // entries that cannot be counted now are looked up when their time is over
    if (ids) await ledger?.close(ids).catch(() => undefined);
  }
}

async function writeTo(
  originals: ObjectStore,
  to: string,
  { from, info, kept }: Described & { readonly from: string },
): Promise<void> {
  const { contentType = "application/octet-stream", cacheControl, contentDisposition } = info;
  const { metadata, rest } = printKept(kept);
  const source: ByteSource = {
    size: info.size,
    open: () => readObject(originals, from, info.etag),
  };
  const options = {
    contentType,
    ...(cacheControl !== undefined && { cacheControl }),
    ...(contentDisposition !== undefined && { contentDisposition }),
    metadata,
    ...(kept.sha256 !== undefined && { sha256: kept.sha256 }),
  };
  const result = await originals.put(to, source, { ...options, condition: "absent" });
  const isOther = result.kind === "precondition_failed" && !(await isBegun(originals, to, kept));
  if (isOther) throw new Refused("exists", `there is a file "${to}" already`);
  if (result.kind === "condition_unsupported") {
    if (await originals.head(to)) throw new Refused("exists", `there is a file "${to}" already`);
    await originals.put(to, source, options);
  }
  await writeRest(originals, to, rest);
}

async function* readObject(
  originals: ObjectStore,
  key: string,
  ifMatch: string,
): AsyncGenerator<Uint8Array> {
  const result = await originals.open(key, { ifMatch });
  if (result.kind === "found") yield* result.body;
  else throw new MediaError("store_failed", `"${key}" has changed while it was read, try again`);
}

function toTaken({ addresses, parts }: Shelf, key: string, { info, kept }: Described): TakenFile {
  const { contentType: type = "application/octet-stream", size: bytes } = info;
  const item = createItem(addresses, parts.originals, { key, type, bytes, kept });
  return { ok: true, item, existed: false };
}

function notFound(key: string): Refused {
  return new Refused("not_found", `there is no file "${key}"`);
}
