import { randomUUID } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Semaphore } from "../../async/semaphore.ts";
import { MediaError } from "../../errors.ts";
import { link, mkdir, rename, stat, unlink, writeFile } from "./fs.ts";
import { toHeadersPath, printHeaders } from "./headers.ts";
import {
  checkFileKey,
  explainPublishError,
  isNotFound,
  PRIVATE_FOLDER,
  translateFileError,
} from "./keys.ts";
import { headObject, openObject, readObject, writeObject, openStream } from "./object.ts";
import type { FolderState } from "./tree.ts";
import { makeFolder, checkFolder, intoFolder, pruneFolders, walkFiles } from "./tree.ts";
import type {
  ByteSource,
  CopyOptions,
  CopyResult,
  GetOptions,
  GetResult,
  ListOptions,
  ListPage,
  ObjectStore,
  PutOptions,
  PutResult,
} from "../store.ts";
import { MAX_PAGE_KEYS, pageKeys, tooLarge } from "../store.ts";

const STALE_TEMP_MS = 60 * 60 * 1000;

export interface FileStoreOptions {
  /** The folder whose files are the objects, by their path below it. */
  readonly root: string;
  /** Make the folder if it is missing. */
  readonly shouldCreate?: boolean;
}

/**
 * A store in a folder. Keys that a file system cannot hold are refused with `invalid_key`: empty segments, segments
 * over 255 bytes, `a` beside `a/b`. A conditional overwrite is atomic among the writers of one process, a conditional
 * creation among all.
 */
export function createFileStore(options: FileStoreOptions): ObjectStore {
  const { shouldCreate = false } = options;
  const root = resolve(options.root);
  const locks = new Map<string, Semaphore>();
  return {
    probe: () => probe(root, shouldCreate),
    head: (key) => headObject(root, key),
    get: (key, getOptions) => get(root, key, getOptions),
    open: (key, openOptions = {}) => openStream(root, key, openOptions),
    put: (key, bytes, putOptions) =>
      lockKey(locks, key, () => translate(put(root, key, { bytes, options: putOptions }))),
    copy: (from, to, copyOptions) => copy(locks, root, { from, to, options: copyOptions }),
    delete: async (keys) => {
      for (const key of keys) await lockKey(locks, key, () => translate(remove(root, key)));
    },
    list: (listOptions) => list(root, listOptions),
  };
}

async function probe(root: string, shouldCreate: boolean): Promise<undefined> {
  try {
    if (shouldCreate) await mkdir(root, { recursive: true });
  } catch (cause) {
    throw new MediaError("store_failed", `the folder "${root}" cannot be made`, { cause });
  }
  const found = await stat(root).catch(() => undefined);
  if (!found?.isDirectory()) {
    const fault = found
      ? `"${root}" is a file, not a folder`
      : `the folder "${root}" does not exist`;
    throw new MediaError("store_failed", fault);
  }
  await sweepTemps(join(root, PRIVATE_FOLDER, "temp"));
}

/** Deletes files that a killed process left half-written. */
async function sweepTemps(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > STALE_TEMP_MS) await rm(path, { force: true });
  }
}

async function get(root: string, key: string, options: GetOptions): Promise<GetResult> {
  const { ifNoneMatch, maxBytes, allocate } = options;
  const result = await openObject<GetResult>(root, key, async (object) => {
    const { info } = object;
    if (info.etag === ifNoneMatch) return { kind: "not_modified" };
    if (info.size > maxBytes) throw tooLarge(info.size, maxBytes);
    const bytes = await readObject(object, allocate);
    // it was written in place meanwhile; a later attempt may succeed
    if (!bytes) throw new MediaError("store_failed", "the original changes while it is read");
    return { kind: "found", info, bytes };
  });
  return result ?? { kind: "missing", isDefinite: true };
}

async function put(
  root: string,
  key: string,
  { bytes, options }: { readonly bytes: Uint8Array | ByteSource; readonly options: PutOptions },
): Promise<PutResult> {
  const { condition } = options;
  checkFileKey(key);
  // publishing finds out that the object is absent
  const before = condition === "absent" ? undefined : await headObject(root, key);
  if (typeof condition === "object" && before?.etag !== condition.etag) {
    return { kind: "precondition_failed" };
  }
  const path = join(root, key);
  const place = await checkFolder(root, path);
  if (place === "outside") throw linkedOut(key);
  const temp = join(root, PRIVATE_FOLDER, "temp", randomUUID());
  let obsolete: string | undefined;
  try {
    const etag = await intoFolder(temp, () => writeObject(temp, bytes));
    obsolete = etag;
    await writeHeaders(toHeadersPath(root, key, etag), printHeaders(options));
    const target = { path, place, mustBeAbsent: condition === "absent" };
    const isPublished = await publish(temp, target).catch((error: unknown) => {
      throw explainPublishError(key, error);
    });
    if (!isPublished) return { kind: "precondition_failed" };
    obsolete = before?.etag;
    return { kind: "stored", etag };
  } finally {
    await unlink(temp).catch(() => undefined); // fails if it was moved, or never made
    if (obsolete) await removeHeaders(root, key, obsolete);
  }
}

/** A write through a link would leave the folder, and the object could not be read. */
function linkedOut(key: string): MediaError {
  return new MediaError("invalid_key", `the folder of "${key}" is a link out of the file store`);
}

async function writeHeaders(target: string, bytes: Uint8Array): Promise<void> {
  await intoFolder(target, async (path) => {
    try {
      await writeFile(path, bytes);
    } catch (error) {
      // half-written files would fill a full disk further
      if (!isNotFound(error)) await rm(path, { force: true });
      throw error;
    }
  });
}

async function removeHeaders(root: string, key: string, etag: string): Promise<void> {
  try {
    await unlink(toHeadersPath(root, key, etag));
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

interface Target {
  readonly path: string;
  readonly place: FolderState;
  readonly mustBeAbsent: boolean;
}

/** Moves the file to its name atomically; false if it must be absent and is not. */
async function publish(temp: string, { path, place, mustBeAbsent }: Target): Promise<boolean> {
  const move = mustBeAbsent ? link : rename;
  try {
    if (place === "to make") await makeFolder(dirname(path)); // the folder is known to be missing
    await intoFolder(path, () => move(temp, path));
    return true;
  } catch (error) {
    const isTaken = mustBeAbsent && (error as NodeJS.ErrnoException).code === "EEXIST"; // errors of fs are of this type
    if (isTaken && (await stat(path).catch(() => undefined))?.isFile()) return false;
    throw error;
  }
}

interface Copy {
  readonly from: string;
  readonly to: string;
  readonly options: CopyOptions;
}

/** A copy over itself is a condition on what it writes over, too. */
async function copy(
  locks: Map<string, Semaphore>,
  root: string,
  { from, to, options: { ifMatch, ...options } }: Copy,
): Promise<CopyResult> {
  const opened = await openStream(root, from, { ifMatch });
  if (opened.kind !== "found") return { kind: "changed" };
  const bytes = { size: opened.info.size, open: () => opened.body };
  const condition = from === to && { condition: { etag: ifMatch } };
  try {
    const result = await lockKey(locks, to, () =>
      translate(put(root, to, { bytes, options: { ...options, ...condition } })),
    );
    return result.kind === "stored" ? { kind: "copied", etag: result.etag } : { kind: "changed" };
  } finally {
    opened.body.close();
  }
}

async function remove(root: string, key: string): Promise<void> {
  const present = await headObject(root, key);
  if (!present) return;
  const path = join(root, key);
  await rm(path, { force: true });
  await Promise.all([pruneFolders(root, dirname(path)), removeHeaders(root, key, present.etag)]);
}

async function list(root: string, options: ListOptions): Promise<ListPage> {
  const folder = options.prefix.slice(0, options.prefix.lastIndexOf("/") + 1);
  if (folder !== "") checkFileKey(folder.slice(0, -1));
  const keys = await translate(takeKeys(walkFiles(root, folder, options), options));
  const page = pageKeys(keys, options);
  if (!options.withSizes) return page;
  const found = await Promise.all(page.keys.map((key) => headObject(root, key)));
  return { ...page, sizes: found.map((info) => info?.size ?? 0) };
}

/** Takes one key more than a page has, which tells that another page follows. */
async function takeKeys(
  keys: AsyncIterable<string>,
  { limit = MAX_PAGE_KEYS }: ListOptions,
): Promise<readonly string[]> {
  const taken: string[] = [];
  for await (const key of keys) if (taken.push(key) > limit) break;
  return taken;
}

/** Serializes the writes and deletions of each key. */
async function lockKey<T>(
  locks: Map<string, Semaphore>,
  key: string,
  write: () => Promise<T>,
): Promise<T> {
  const lock = locks.get(key) ?? new Semaphore({ limit: 1 });
  locks.set(key, lock);
  try {
    return await lock.run(write);
  } finally {
    if (lock.isIdle) locks.delete(key);
  }
}

async function translate<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw translateFileError(error);
  }
}
