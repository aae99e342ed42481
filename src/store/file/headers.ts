import { createHash } from "node:crypto";
import { join } from "node:path";
import { readFile, stat } from "./fs.ts";
import { isNotFound, PRIVATE_FOLDER } from "./keys.ts";
import type { ObjectInfo, PutOptions } from "../store.ts";

type Headers = Pick<ObjectInfo, "contentType" | "cacheControl" | "contentDisposition" | "metadata">;

/**
 * The headers of an object lie in a tree of their own, under a name made of its key and its ETag. They are
 * written before the object appears, and those of one object can never be taken for those of another. Folders
 * named as keys are would take longer to make than all the rest of a write.
 */
export function headersPath(root: string, key: string, etag: string): string {
  const name = createHash("sha256").update(`${etag} ${key}`).digest("hex");
  return join(headersFolder(root), name.slice(0, 2), `${name.slice(2, 40)}.json`);
}

function headersFolder(root: string): string {
  return join(root, PRIVATE_FOLDER, "headers");
}

/** The roots with a tree of headers, which stays once it is there: as many as there are stores. */
const rootsWithHeaders = new Set<string>();

/** Whether any object has headers; where originals are put by hand none has. */
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
