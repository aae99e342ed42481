import { noteGarbage } from "../sharp/memory-pressure.ts";
import type { Allocate } from "./messages.ts";

/** Almost all originals are smaller. The system gives no memory to pages that are never written to. */
const BUFFER_BYTES = 16 * 1024 * 1024;

/**
 * Allocates originals, each in the place of the one before, since a process has one at a time. A job never has two
 * passes at once, and sharp lets go of its input before it settles, also when it fails.
 *
 * New pages would take the system seven times as long to find and clear as reading a file into them takes.
 */
export function createReusableBuffer(): Allocate {
  let buffer: Buffer | undefined;
  return (bytes) => {
    if (bytes > BUFFER_BYTES) {
      noteGarbage(bytes);
      return Buffer.allocUnsafeSlow(bytes);
    }
    buffer ??= Buffer.allocUnsafeSlow(BUFFER_BYTES);
    return buffer.subarray(0, bytes);
  };
}
