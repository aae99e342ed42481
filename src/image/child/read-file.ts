import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { OriginalFile } from "../worker.ts";
import type { Allocate } from "./messages.ts";

/**
 * Reads a file, all of it of the version that the store found; `undefined` when the file has changed, or cannot be read.
 * It blocks, since an image process does nothing else.
 */
export function readOriginalFile(file: OriginalFile, allocate: Allocate): Buffer | undefined {
  let descriptor: number | undefined;
  try {
    // without blocking, as the store opens it: a FIFO in its place would block an ordinary open for ever
    descriptor = openSync(file.path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!isUnchanged(file, descriptor)) return undefined;
    const bytes = allocate(file.size);
    for (let filled = 0; filled < file.size;) {
      const count = readSync(descriptor, bytes, filled, file.size - filled, filled);
      if (count === 0) return undefined;
      filled += count;
    }
    return isUnchanged(file, descriptor) ? bytes : undefined;
  } catch {
    return undefined; // the store will be asked again, and will name the problem
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Compares what the store derives an ETag from. */
function isUnchanged({ size, modified, inode }: OriginalFile, descriptor: number): boolean {
  const found = fstatSync(descriptor, { bigint: true });
  if (!found.isFile() || found.size !== BigInt(size)) return false;
  return String(found.mtimeNs) === modified && String(found.ino) === inode;
}
