import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { OriginalFile } from "../worker.ts";
import type { Allocate } from "./frames.ts";

/**
 * The bytes of a file, all of them of the version that was found; `undefined` when it is another one by
 * now, or cannot be read. Blocks: it is for processes that do nothing else.
 */
export function readOriginalFile(file: OriginalFile, allocate: Allocate): Buffer | undefined {
  let descriptor: number | undefined;
  try {
    // as the store opens it: a FIFO in its place would block an ordinary open for ever
    descriptor = openSync(file.path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!isStill(file, descriptor)) return undefined;
    const bytes = allocate(file.size);
    for (let filled = 0; filled < file.size;) {
      const count = readSync(descriptor, bytes, filled, file.size - filled, filled);
      if (count === 0) return undefined;
      filled += count;
    }
    return isStill(file, descriptor) ? bytes : undefined;
  } catch {
    return undefined; // the store is asked again, and says what is wrong
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** What the store makes an ETag of. */
function isStill({ size, modified, inode }: OriginalFile, descriptor: number): boolean {
  const found = fstatSync(descriptor, { bigint: true });
  if (!found.isFile() || found.size !== BigInt(size)) return false;
  return String(found.mtimeNs) === modified && String(found.ino) === inode;
}
