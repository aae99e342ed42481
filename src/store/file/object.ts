import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { join } from "node:path";
import { MediaError } from "../../errors.ts";
import { close, closeSoon, fstat, openDescriptor, read, stat, writeFile } from "./fs.ts";
import { hasHeaders, readHeaders } from "./headers.ts";
import { checkFileKey, isNotFound, translateFileError } from "./keys.ts";
import { isInside, isOpenInside } from "./tree.ts";
import type { LocateResult, ObjectInfo } from "../store.ts";

/** At a file that is replaced each time. */
const MAX_LOOKS = 10;

/** A file that is read, by whoever closes it. */
export interface OpenObject {
  readonly fd: number;
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
  const etag = hashStats(found);
  const bare = { etag, size: Number(found.size), metadata: {} };
  // headers are there before their object is: where there are none at all it was put there by hand
  if (!(await hasHeaders(root))) return bare;
  const headers = await readHeaders(root, key, etag);
  // a file put there by hand has none; one overwritten meanwhile has them no more
  if (!headers && (await readEtag(join(root, key))) !== etag) return "replaced";
  return { ...bare, ...headers };
}

/** Runs `work` on an object, open; `undefined` when there is none. */
export async function openObject<T>(
  root: string,
  key: string,
  work: (object: OpenObject) => Promise<T>,
): Promise<T | undefined> {
  const object = await openFile(root, key);
  if (!object) return undefined;
  try {
    return await work(object);
  } catch (error) {
    throw translateFileError(error);
  } finally {
    closeSoon(object.fd);
  }
}

/** Opens an object, for whoever closes it; `undefined` when there is none. */
export async function openFile(root: string, key: string): Promise<OpenObject | undefined> {
  return look(() =>
    openBelow(root, key, async (file) => {
      const info = await describeFile(root, key, file.found);
      return info === "replaced" ? info : { fd: file.fd, info };
    }),
  );
}

/** More than cameras write before an image's size. */
const START_BYTES = 64 * 1024;

/** Where an object is, and how it begins. */
export async function locateObject(
  root: string,
  key: string,
): Promise<Omit<Extract<LocateResult, { kind: "located" }>, "kind"> | undefined> {
  const opened = await openBelow(root, key, async (file) => file);
  if (!opened) return undefined;
  const { fd, found } = opened;
  try {
    const size = Number(found.size);
    const start = Buffer.allocUnsafeSlow(Math.min(size, START_BYTES));
    const { bytesRead } = await read(fd, start, 0, start.length, 0);
    const { mtimeNs, ino } = found;
    return {
      info: { etag: hashStats(found), size },
      file: { path: join(root, key), size, modified: String(mtimeNs), inode: String(ino) },
      start: start.subarray(0, bytesRead),
    };
  } catch (error) {
    throw translateFileError(error);
  } finally {
    closeSoon(fd);
  }
}

interface OpenFile {
  readonly fd: number;
  readonly found: FileStats;
}

/** Opens a file below the root, and leaves it open only when `use` gives something that has its descriptor. */
async function openBelow<T extends object | string>(
  root: string,
  key: string,
  use: (file: OpenFile) => Promise<T>,
): Promise<T | undefined> {
  checkFileKey(key);
  const path = join(root, key);
  let fd: number | undefined;
  let used: T | undefined;
  try {
    // a FIFO would block an ordinary open for ever
    fd = await openDescriptor(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await isOpenInside(root, fd, path))) return undefined;
    const found = await fstat(fd, { bigint: true });
    if (found.isFile()) used = await use({ fd, found });
    return used;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw translateFileError(error);
  } finally {
    if (typeof used !== "object" && fd !== undefined) closeSoon(fd);
  }
}

/**
 * The bytes of an object that was opened; `undefined` when it was written to meanwhile.
 *
 * @throws what the file system says
 */
export async function readObject({ fd, info }: OpenObject): Promise<Uint8Array | undefined> {
  const bytes = Buffer.allocUnsafeSlow(info.size);
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await read(fd, bytes, filled, bytes.length - filled, filled);
    if (bytesRead === 0) return undefined;
    filled += bytesRead;
  }
  return hashStats(await fstat(fd, { bigint: true })) === info.etag ? bytes : undefined;
}

/** Writes a new file, and tells the ETag that it will have wherever it is moved. */
export async function writeObject(path: string, bytes: Uint8Array): Promise<string> {
  const fd = await openDescriptor(path, "wx");
  try {
    await writeFile(fd, bytes);
    return hashStats(await fstat(fd, { bigint: true }));
  } finally {
    await close(fd);
  }
}

/** The ETag of a file as it is now. */
async function readEtag(path: string): Promise<string> {
  return hashStats(await stat(path, { bigint: true }));
}

interface FileStats {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ino: bigint;
}

export function hashStats({ size, mtimeNs, ino }: FileStats): string {
  const hash = createHash("sha256").update(`${size}-${mtimeNs}-${ino}`).digest("hex");
  return `"${hash.slice(0, 32)}"`;
}
