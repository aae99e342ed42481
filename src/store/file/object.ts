import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { join } from "node:path";
import { MediaError } from "../../errors.ts";
import { close, closeSoon, fstat, openDescriptor, read, stat, writeFile } from "./fs.ts";
import { hasHeaders, readHeaders } from "./headers.ts";
import { checkFileKey, isNotFound, translateFileError } from "./keys.ts";
import { isInside, isOpenInside } from "./tree.ts";
import type {
  ByteSource,
  ByteStream,
  GetOptions,
  ObjectInfo,
  OpenOptions,
  OpenResult,
} from "../store.ts";
import { readChunks } from "../store.ts";

/** Attempts at a file that is replaced each time. */
const MAX_LOOKS = 10;

/** An object whose file is open; its user closes it. */
interface OpenObject {
  readonly fd: number;
  readonly info: ObjectInfo;
}

/** Describes an object without opening it. */
export async function headObject(root: string, key: string): Promise<ObjectInfo | undefined> {
  checkFileKey(key);
  const path = join(root, key);
  try {
    return await retryIfReplaced(async () => {
      const found = await stat(path, { bigint: true });
      if (!found.isFile() || !(await isInside(root, path))) return undefined;
      return describeFile(root, key, found);
    });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw translateFileError(error);
  }
}

/** Runs the reader again if the file was replaced meanwhile. */
async function retryIfReplaced<T>(once: () => Promise<T | "replaced">): Promise<T> {
  for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
    const seen = await once();
    if (seen !== "replaced") return seen;
  }
  throw new MediaError("store_failed", "the file changes while it is read");
}

async function describeFile(
  root: string,
  key: string,
  found: FileStats,
): Promise<ObjectInfo | "replaced"> {
  const etag = hashStats(found);
  const bare = { etag, size: Number(found.size), metadata: {} };
  // headers are written before their object: without any headers, another program wrote the file
  if (!(await hasHeaders(root))) return bare;
  const headers = await readHeaders(root, key, etag);
  // either another program wrote it, or it was overwritten meanwhile
  if (!headers && (await readEtag(join(root, key))) !== etag) return "replaced";
  return { ...bare, ...headers };
}

/** Opens an object while `work` runs; `undefined` when it is missing. */
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

/** Opens an object, which its user closes; `undefined` when it is missing. */
async function openFile(root: string, key: string): Promise<OpenObject | undefined> {
  return retryIfReplaced(() =>
    openBelow(root, key, async (file) => {
      const info = await describeFile(root, key, file.found);
      return info === "replaced" ? info : { fd: file.fd, info };
    }),
  );
}

interface OpenFile {
  readonly fd: number;
  readonly found: FileStats;
}

/** Opens a file below the root, and closes it unless `use` gives an object that holds its descriptor. */
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
    // without O_NONBLOCK, opening a FIFO would block for ever
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
 * The bytes of an open object; `undefined` when it was written to meanwhile.
 *
 * @throws errors of the file system
 */
export async function readObject(
  { fd, info }: OpenObject,
  allocate: NonNullable<GetOptions["allocate"]> = Buffer.allocUnsafeSlow.bind(Buffer),
): Promise<Uint8Array | undefined> {
  const bytes = allocate(info.size);
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await read(fd, bytes, filled, bytes.length - filled, filled);
    if (bytesRead === 0) return undefined;
    filled += bytesRead;
  }
  return hashStats(await fstat(fd, { bigint: true })) === info.etag ? bytes : undefined;
}

/** Writes a new file, and gives the ETag that it keeps when it is moved. */
export async function writeObject(path: string, bytes: Uint8Array | ByteSource): Promise<string> {
  const fd = await openDescriptor(path, "wx");
  try {
    let filled = 0;
    for await (const chunk of readChunks(bytes)) {
      await writeFile(fd, chunk); // from where the last one ended
      filled += chunk.length;
    }
    checkLength(filled, bytes);
    return hashStats(await fstat(fd, { bigint: true }));
  } finally {
    await close(fd);
  }
}

function checkLength(filled: number, bytes: Uint8Array | ByteSource): void {
  if (bytes instanceof Uint8Array || filled === bytes.size) return;
  throw new MediaError("store_failed", `there were ${filled} of ${bytes.size} bytes to write`);
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

function hashStats({ size, mtimeNs, ino }: FileStats): string {
  const hash = createHash("sha256").update(`${size}-${mtimeNs}-${ino}`).digest("hex");
  return `"${hash.slice(0, 32)}"`;
}

const CHUNK_BYTES = 64 * 1024;

/** Opens an object as a stream. */
export async function openStream(
  root: string,
  key: string,
  { range, ifMatch, signal }: OpenOptions,
): Promise<OpenResult> {
  const object = await openFile(root, key);
  if (!object) return { kind: "missing", isDefinite: true };
  const { fd, info } = object;
  const { first, last } = range ?? { first: 0, last: info.size - 1 };
  const hasChanged = ifMatch !== undefined && ifMatch !== info.etag;
  if (hasChanged || last >= info.size || signal?.aborted) {
    closeSoon(fd);
    if (signal?.aborted) throw new MediaError("timeout", "the file store did not answer in time");
    return { kind: "changed" };
  }
  return { kind: "found", info, body: streamFile(object, first, last) };
}

function streamFile(object: OpenObject, first: number, last: number): ByteStream {
  const { fd } = object;
  let isClosed = false;
  let isReading = false;
  const closeOnce = (): void => {
    if (isClosed) return;
    isClosed = true;
    // not during a read: its descriptor could then be that of another file
    if (!isReading) closeSoon(fd);
  };
  /** Runs one call, and closes the file afterwards if that was asked for meanwhile. */
  const during = async <T>(call: () => Promise<T>): Promise<T> => {
    if (isClosed) throw new MediaError("store_failed", "the file was closed while it was read");
    isReading = true;
    try {
      return await call();
    } finally {
      isReading = false;
      if (isClosed) closeSoon(fd);
    }
  };
  return {
    close: closeOnce,
    async *[Symbol.asyncIterator]() {
      try {
        for (let position = first; position <= last;) {
          const length = Math.min(CHUNK_BYTES, last + 1 - position);
          const from = position;
          const chunk = await during(() => readChunk(fd, from, length));
          position += chunk.length;
          if (position > last) await during(() => checkUnchanged(object));
          yield chunk;
        }
      } catch (error) {
        throw translateFileError(error);
      } finally {
        closeOnce();
      }
    },
  };
}

async function readChunk(fd: number, position: number, length: number): Promise<Uint8Array> {
  const chunk = Buffer.allocUnsafeSlow(length);
  const { bytesRead } = await read(fd, chunk, 0, length, position);
  if (bytesRead === 0) throw createChangedError();
  return chunk.subarray(0, bytesRead);
}

/** A file that was written in place meanwhile may have given bytes of two versions. */
async function checkUnchanged({ fd, info }: OpenObject): Promise<void> {
  if (hashStats(await fstat(fd, { bigint: true })) !== info.etag) throw createChangedError();
}

function createChangedError(): MediaError {
  return new MediaError("store_failed", "the file changes while it is read");
}
