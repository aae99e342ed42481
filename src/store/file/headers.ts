import { createHash } from "node:crypto";
import { join } from "node:path";
import { readFile, stat } from "./fs.ts";
import { isNotFound, PRIVATE_FOLDER } from "./keys.ts";
import type { ObjectInfo, PutOptions } from "../store.ts";

type Headers = Pick<ObjectInfo, "contentType" | "cacheControl" | "contentDisposition" | "metadata">;

/**
 * The headers of an object lie in a tree of their own, under a name made of its key and its ETag. They are
 * written before the object appears, and the ETag in the name keeps versions apart. Folders named after keys would
 * take longer to make than the rest of a write.
 */
export function toHeadersPath(root: string, key: string, etag: string): string {
  const name = createHash("sha256").update(`${etag} ${key}`).digest("hex");
  return join(headersFolder(root), name.slice(0, 2), `${name.slice(2, 40)}.json`);
}

function headersFolder(root: string): string {
  return join(root, PRIVATE_FOLDER, "headers");
}

/** The roots that have a tree of headers, which is never deleted. */
const rootsWithHeaders = new Set<string>();

/** False for a folder of originals that only other programs write. */
export async function hasHeaders(root: string): Promise<boolean> {
  if (rootsWithHeaders.has(root)) return true;
  try {
    await stat(headersFolder(root));
    rootsWithHeaders.add(root);
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

export function printHeaders(options: PutOptions): Uint8Array {
  const { contentType, cacheControl, contentDisposition, metadata = {} } = options;
  const headers: Headers = {
    contentType,
    ...(cacheControl && { cacheControl }),
    ...(contentDisposition && { contentDisposition }),
    metadata,
  };
  return new TextEncoder().encode(JSON.stringify(headers));
}

/** `undefined` for a file that another program wrote. */
export async function readHeaders(
  root: string,
  key: string,
  etag: string,
): Promise<Headers | undefined> {
  try {
    const text = await readFile(toHeadersPath(root, key, etag), "utf8");
    return JSON.parse(text) as Headers; // only this store writes there
  } catch (error) {
    if (isNotFound(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
