import { MediaError } from "../../errors.ts";
import { closeSoon, fstat, read } from "./fs.ts";
import { translateFileError } from "./keys.ts";
import type { OpenObject } from "./object.ts";
import { hashStats, openFile } from "./object.ts";
import type { ByteStream, OpenOptions, OpenResult } from "../store.ts";

const CHUNK_BYTES = 64 * 1024;

/** An object that is read as it is taken. */
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
    // its number may be another file's by the time of a read that is under way
    if (!isReading) closeSoon(fd);
  };
  /** Runs one call; should it have been closed meanwhile, that is done after. */
  const during = async <T>(call: () => Promise<T>): Promise<T> => {
    if (isClosed) throw new MediaError("store_failed", "the file has been closed");
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
  if (bytesRead === 0) throw changing();
  return chunk.subarray(0, bytesRead);
}

/** Written in place meanwhile, it may be in part what it was and in part what it is now. */
async function checkUnchanged({ fd, info }: OpenObject): Promise<void> {
  if (hashStats(await fstat(fd, { bigint: true })) !== info.etag) throw changing();
}

function changing(): MediaError {
  return new MediaError("store_failed", "the file is changing");
}
