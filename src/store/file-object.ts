import { createHash } from "node:crypto";
import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { MediaError } from "../errors.ts";
import { hasHeaders, readHeaders } from "./file-headers.ts";
import { checkFileKey, isNotFound, translateFileError } from "./file-keys.ts";
import { isInside } from "./file-tree.ts";
import type { LocateResult, ObjectInfo } from "./store.ts";

/** At a file that is replaced each time. */
const MAX_LOOKS = 10;

export interface OpenObject {
  readonly handle: FileHandle;
  readonly info: ObjectInfo;
}

/** What is known of an object, which is not opened for it. */
export async function headObject(root: string, key: string): Promise<ObjectInfo | undefined> {
  checkFileKey(key);
  const path = join(root, key);
  try {
    return await look(async () => {
      const found = await stat(path, { bigint: true });
      if (!found.isFile() || !(await isInside(root, path))) return undefined;
      return describeFile(root, key, found);
    });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw translateFileError(error);
  }
}

/** A file that was replaced while it was looked at is looked at anew. */
async function look<T>(once: () => Promise<T | "replaced">): Promise<T> {
  for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
    const seen = await once();
    if (seen !== "replaced") return seen;
  }
  throw new MediaError("store_failed", "the file is changing");
}

async function describeFile(
  root: string,
  key: string,
  found: FileStats,
): Promise<ObjectInfo | "replaced"> {
  const etag = etagOf(found);
  const bare = { etag, size: Number(found.size), metadata: {} };
  // headers are there before their object is: where there are none at all it was put there by hand
  if (!(await hasHeaders(root))) return bare;
  const headers = await readHeaders(root, key, etag);
  // a file put there by hand has none; one overwritten meanwhile has them no more
  if (!headers && (await readEtag(join(root, key))) !== etag) return "replaced";
  return { ...bare, ...headers };
}

/** Runs `read` on an object, open; `undefined` when there is none. */
export async function openObject<T>(
  root: string,
  key: string,
  read: (object: OpenObject) => Promise<T>,
): Promise<T | undefined> {
  const object = await openFile(root, key);
  try {
    return object && (await read(object));
  } catch (error) {
    throw translateFileError(error);
  } finally {
    await object?.handle.close();
  }
}

/** Opens an object, for whoever closes it; `undefined` when there is none. */
export async function openFile(root: string, key: string): Promise<OpenObject | undefined> {
  return look(() =>
    openHandle(root, key, async ({ handle, found }) => {
      const info = await describeFile(root, key, found);
      return info === "replaced" ? info : { handle, info };
    }),
  );
}

/** More than cameras write before a picture's size. */
const START_BYTES = 64 * 1024;

/** Where an object is, and how it begins. */
export async function locateObject(
  root: string,
  key: string,
): Promise<Omit<Extract<LocateResult, { kind: "located" }>, "kind"> | undefined> {
  const opened = await openHandle(root, key, async (file) => file);
  if (!opened) return undefined;
  const { handle, found } = opened;
  try {
    const size = Number(found.size);
    const start = Buffer.allocUnsafeSlow(Math.min(size, START_BYTES));
    const { bytesRead } = await handle.read(start, 0, start.length, 0);
    const { mtimeNs, ino } = found;
    return {
      info: { etag: etagOf(found), size },
      file: { path: join(root, key), size, modified: String(mtimeNs), inode: String(ino) },
      start: start.subarray(0, bytesRead),
    };
  } catch (error) {
    throw translateFileError(error);
  } finally {
    await handle.close();
  }
}

interface OpenHandle {
  readonly handle: FileHandle;
  readonly found: FileStats;
}

/** Opens a file below the root, and leaves it open only when `use` gives something that has its handle. */
async function openHandle<T extends object | string>(
  root: string,
  key: string,
  use: (file: OpenHandle) => Promise<T>,
): Promise<T | undefined> {
  checkFileKey(key);
  const path = join(root, key);
  let handle: FileHandle | undefined;
  let used: T | undefined;
  try {
    // a FIFO would block an ordinary open for ever
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await isInside(root, path))) return undefined;
    const found = await handle.stat({ bigint: true });
    if (found.isFile()) used = await use({ handle, found });
    return used;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw translateFileError(error);
  } finally {
    if (typeof used !== "object") await handle?.close();
  }
}

/**
 * The bytes of an object that was opened; `undefined` when it was written to meanwhile.
 *
 * @throws what the file system says
 */
export async function readObject({ handle, info }: OpenObject): Promise<Uint8Array | undefined> {
  const bytes = Buffer.allocUnsafeSlow(info.size);
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled);
    if (bytesRead === 0) return undefined;
    filled += bytesRead;
  }
  return etagOf(await handle.stat({ bigint: true })) === info.etag ? bytes : undefined;
}

/** Writes a new file, and tells the ETag that it will have wherever it is moved. */
export async function writeObject(path: string, bytes: Uint8Array): Promise<string> {
  const handle = await open(path, "wx");
  try {
    await handle.writeFile(bytes);
    return etagOf(await handle.stat({ bigint: true }));
  } finally {
    await handle.close();
  }
}

/** The ETag of a file as it is now. */
async function readEtag(path: string): Promise<string> {
  return etagOf(await stat(path, { bigint: true }));
}

interface FileStats {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ino: bigint;
}

export function etagOf({ size, mtimeNs, ino }: FileStats): string {
  const hash = createHash("sha256").update(`${size}-${mtimeNs}-${ino}`).digest("hex");
  return `"${hash.slice(0, 32)}"`;
}
