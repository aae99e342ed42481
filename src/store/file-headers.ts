import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isNotFound, PRIVATE_FOLDER } from "./file-keys.ts";
import type { ObjectInfo, PutOptions } from "./store.ts";

type Headers = Pick<ObjectInfo, "contentType" | "cacheControl" | "contentDisposition" | "metadata">;

/**
 * The headers of an object lie in a tree of their own, under the name of its ETag. They are written
 * before the object appears, and those of one object can never be taken for those of another.
 */
export function headersPath(root: string, key: string, etag: string): string {
  return join(root, PRIVATE_FOLDER, "headers", key, `${etag.slice(1, -1)}.json`);
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

/** A file that somebody put there by hand has none. */
export async function readHeaders(
  root: string,
  key: string,
  etag: string,
): Promise<Headers | undefined> {
  try {
    const text = await readFile(headersPath(root, key, etag), "utf8");
    return JSON.parse(text) as Headers; // nobody but this store writes there
  } catch (error) {
    if (isNotFound(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
