import type { FileHandle } from "node:fs/promises";
import { MediaError } from "../errors.ts";
import { translateFileError } from "./file-keys.ts";
import type { OpenObject } from "./file-object.ts";
import { etagOf, openFile } from "./file-object.ts";
import type { ByteStream, OpenOptions, OpenResult } from "./store.ts";

const CHUNK_BYTES = 64 * 1024;

/** An object that is read as it is taken. */
export async function openStream(
  root: string,
  key: string,
  { range, ifMatch, signal }: OpenOptions,
): Promise<OpenResult> {
  const object = await openFile(root, key);
  if (!object) return { kind: "missing", isDefinite: true };
  const { handle, info } = object;
  const { first, last } = range ?? { first: 0, last: info.size - 1 };
  const hasChanged = ifMatch !== undefined && ifMatch !== info.etag;
  if (hasChanged || last >= info.size || signal?.aborted) {
    await handle.close();
    if (signal?.aborted) throw new MediaError("timeout", "the file store did not answer in time");
    return { kind: "changed" };
  }
  return { kind: "found", info, body: streamFile(object, first, last) };
}

function streamFile(object: OpenObject, first: number, last: number): ByteStream {
  const { handle } = object;
  let isClosed = false;
  const close = (): void => {
    if (isClosed) return;
    isClosed = true;
    // while a read is under way it waits for its end
    handle.close().catch(() => undefined);
  };
  return {
    close,
    async *[Symbol.asyncIterator]() {
      try {
        for (let position = first; position <= last;) {
          const length = Math.min(CHUNK_BYTES, last + 1 - position);
          const chunk = await readChunk(handle, position, length);
          position += chunk.length;
          if (position > last) await checkUnchanged(object);
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

async function readChunk(
  handle: FileHandle,
  position: number,
  length: number,
): Promise<Uint8Array> {
  const { bytesRead, buffer } = await handle.read(
    Buffer.allocUnsafeSlow(length),
    0,
    length,
    position,
  );
  if (bytesRead === 0) throw changing();
  return buffer.subarray(0, bytesRead);
}

/** Written in place meanwhile, it may be in part what it was and in part what it is now. */
async function checkUnchanged({ handle, info }: OpenObject): Promise<void> {
  if (etagOf(await handle.stat({ bigint: true })) !== info.etag) throw changing();
}

function changing(): MediaError {
  return new MediaError("store_failed", "the file is changing");
}
