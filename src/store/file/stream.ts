import { MediaError } from "../../errors.ts";
import { closeSoon, fstat, read } from "./fs.ts";
import { translateFileError } from "./keys.ts";
import type { OpenObject } from "./object.ts";
import { hashStats, openFile } from "./object.ts";
import type { ByteStream, OpenOptions, OpenResult } from "../store.ts";

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
  const close = (): void => {
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
    close,
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
        close();
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
