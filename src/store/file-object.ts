import { createHash } from "node:crypto";
import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { readHeaders } from "./file-headers.ts";
import { checkFileKey, isNotFound, translateFileError } from "./file-keys.ts";
import { isInside } from "./file-tree.ts";
import type { ObjectInfo } from "./store.ts";

export interface OpenObject {
  readonly handle: FileHandle;
  readonly info: ObjectInfo;
}

/** Runs `read` on an object, open; `undefined` when there is none. */
export async function openObject<T>(
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
    const found = await handle.stat({ bigint: true });
    if (!found.isFile()) return undefined;
    const etag = etagOf(found);
    const headers = await readHeaders(root, key, etag);
    // a file put there by hand has none; one overwritten since it was opened has them no more
    const isReplaced = !headers && (await readEtag(path)) !== etag;
    if (isReplaced) return await openObject(root, key, read);
    const info = { etag, size: Number(found.size), ...(headers ?? { metadata: {} }) };
    return await read({ handle, info });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw translateFileError(error);
  } finally {
    await handle?.close();
  }
}

/** The ETag of a file as it is now. */
export async function readEtag(path: string): Promise<string> {
  return etagOf(await stat(path, { bigint: true }));
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
