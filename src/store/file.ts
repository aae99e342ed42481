import { createHash, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { link, mkdir, open, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { MediaError } from "../errors.ts";
import { checkFileKey, isNotFound, PRIVATE_FOLDER, translateFileError } from "./file-keys.ts";
import { headersPath, printHeaders, readHeaders } from "./file-headers.ts";
import { intoFolder, listFiles, pruneFolders } from "./file-tree.ts";
import type {
  GetOptions,
  GetResult,
  ListOptions,
  ListPage,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  PutResult,
} from "./store.ts";
import { pageKeys, tooLarge } from "./store.ts";

const STALE_TEMP_MS = 60 * 60 * 1000;

export interface FileStoreOptions {
  /** The folder whose files are the objects, by their path below it. */
  readonly root: string;
  /** Make the folder when it is not there. */
  readonly shouldCreate?: boolean;
}

/**
 * A store in a folder. What a file system cannot hold is refused with `invalid_key`: empty segments,
 * segments over 255 bytes, `a` beside `a/b`. A conditional overwrite is atomic among the writers of one
 * process; a conditional creation among all.
 */
export function createFileStore({ root, shouldCreate = false }: FileStoreOptions): ObjectStore {
  const locks = new Map<string, Promise<unknown>>();
  return {
    probe: () => probe(root, shouldCreate),
    head: async (key) => (await openObject(root, key, async ({ info }) => info)) ?? undefined,
    get: (key, options) => get(root, key, options),
    put: (key, bytes, options) =>
      inTurn(locks, key, () => translate(key, put(root, key, bytes, options))),
    delete: async (keys) => {
      for (const key of keys) await translate(key, remove(root, key));
    },
    list: (options) => list(root, options),
  };
}

async function probe(root: string, shouldCreate: boolean): Promise<undefined> {
  if (shouldCreate) await translate(root, mkdir(root, { recursive: true }));
  const found = await stat(root).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new MediaError("store_failed", `the folder "${root}" does not exist`);
  }
  await sweepTemps(join(root, PRIVATE_FOLDER, "temp"));
}

/** What a killed process left half-written. */
async function sweepTemps(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > STALE_TEMP_MS) await rm(path, { force: true });
  }
}

async function get(root: string, key: string, options: GetOptions): Promise<GetResult> {
  const { ifNoneMatch, maxBytes } = options;
  const result = await openObject<GetResult>(root, key, async ({ handle, info }) => {
    if (info.etag === ifNoneMatch) return { kind: "not_modified" };
    if (info.size > maxBytes) throw tooLarge(info.size, maxBytes);
    const bytes = await handle.readFile();
    // written in place meanwhile: the next attempt finds the file at rest
    if (bytes.length !== info.size)
      throw new MediaError("store_failed", "the original is changing");
    return { kind: "found", info, bytes };
  });
  return result ?? { kind: "missing", isDefinite: true };
}

interface OpenObject {
  readonly handle: FileHandle;
  readonly info: ObjectInfo;
}

/** Runs `read` on an object, open; `undefined` when there is none. */
async function openObject<T>(
  root: string,
  key: string,
  read: (object: OpenObject) => Promise<T>,
): Promise<T | undefined> {
  checkFileKey(key);
  const path = join(root, key);
  let handle: FileHandle | undefined;
  try {
    // a FIFO would block an ordinary open for ever
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await isInside(root, path))) return undefined;
    const info = await describe(root, key, handle);
    return info && (await read({ handle, info }));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw translateFileError(key, error);
  } finally {
    await handle?.close();
  }
}

/** A link that leads out of the folder leads nowhere. */
async function isInside(root: string, path: string): Promise<boolean> {
  const [realRoot, real] = await Promise.all([realpath(root), realpath(path)]);
  return real.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep);
}

async function describe(
  root: string,
  key: string,
  handle: FileHandle,
): Promise<ObjectInfo | undefined> {
  const found = await handle.stat({ bigint: true });
  if (!found.isFile()) return undefined;
  const etag = etagOf(found);
  return { etag, size: Number(found.size), ...(await readHeaders(root, key, etag)) };
}

interface FileStats {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ino: bigint;
}

function etagOf({ size, mtimeNs, ino }: FileStats): string {
  const hash = createHash("sha256").update(`${size}-${mtimeNs}-${ino}`).digest("hex");
  return `"${hash.slice(0, 32)}"`;
}

async function put(
  root: string,
  key: string,
  bytes: Uint8Array,
  options: PutOptions,
): Promise<PutResult> {
  const before = await openObject(root, key, async ({ info }) => info);
  const { condition } = options;
  if (typeof condition === "object" && before?.etag !== condition.etag) {
    return { kind: "precondition_failed" };
  }
  const temp = await writeTemp(root, bytes);
  try {
    const etag = etagOf(await stat(temp, { bigint: true }));
    const headers = await writeTemp(root, printHeaders(options));
    await intoFolder(headersPath(root, key, etag), (path) => rename(headers, path));
    const isPublished = await publish(temp, join(root, key), condition === "absent");
    const obsolete = isPublished ? before?.etag : etag;
    if (obsolete) await rm(headersPath(root, key, obsolete), { force: true });
    return isPublished ? { kind: "stored", etag } : { kind: "precondition_failed" };
  } finally {
    await rm(temp, { force: true });
  }
}

async function writeTemp(root: string, bytes: Uint8Array): Promise<string> {
  return intoFolder(join(root, PRIVATE_FOLDER, "temp", randomUUID()), async (path) => {
    const handle = await open(path, "wx");
    try {
      await handle.writeFile(bytes);
    } finally {
      await handle.close();
    }
    return path;
  });
}

/** Makes the file appear under its name, all at once; false when there is one and there must not be. */
async function publish(temp: string, path: string, mustBeAbsent: boolean): Promise<boolean> {
  if (!mustBeAbsent) {
    await intoFolder(path, (target) => rename(temp, target));
    return true;
  }
  try {
    await intoFolder(path, (target) => link(temp, target));
    return true;
  } catch (error) {
    const isTaken = (error as NodeJS.ErrnoException).code === "EEXIST"; // fs throws nothing else
    if (isTaken && (await stat(path).catch(() => undefined))?.isFile()) return false;
    throw error;
  }
}

async function remove(root: string, key: string): Promise<void> {
  const present = await openObject(root, key, async ({ info }) => info);
  if (!present) return;
  const headers = headersPath(root, key, present.etag);
  await Promise.all([rm(join(root, key), { force: true }), rm(headers, { force: true })]);
  await Promise.all([
    pruneFolders(root, dirname(join(root, key))),
    pruneFolders(root, dirname(headers)),
  ]);
}

async function list(root: string, options: ListOptions): Promise<ListPage> {
  const folder = options.prefix.slice(0, options.prefix.lastIndexOf("/") + 1);
  if (folder !== "") checkFileKey(folder.slice(0, -1));
  return pageKeys(await translate(folder, listFiles(root, folder, options.delimiter)), options);
}

/** One writer of a key after the other. */
async function inTurn<T>(
  locks: Map<string, Promise<unknown>>,
  key: string,
  write: () => Promise<T>,
): Promise<T> {
  const before = locks.get(key);
  const turn = (async () => {
    await before?.catch(() => undefined); // its own caller hears of it
    return write();
  })();
  locks.set(key, turn);
  try {
    return await turn;
  } finally {
    if (locks.get(key) === turn) locks.delete(key);
  }
}

async function translate<T>(key: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw translateFileError(key, error);
  }
}
