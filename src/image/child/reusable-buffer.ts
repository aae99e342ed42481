import type { Allocate } from "./frames.ts";
import { noteGarbage } from "../sharp/memory-pressure.ts";

/** Almost all originals are smaller. Of what is never written to, the system gives no memory. */
const ROOM_BYTES = 16 * 1024 * 1024;

/**
 * Makes room for originals, of which there is one at a time: each may overwrite the one before. No job has passes side
 * by side, and sharp lets go of its input before it settles, also when it fails.
 *
 * Pages that the system has yet to find and clear take seven times as long as reading a file into them.
 */
export function createRoom(): Allocate {
  let room: Buffer | undefined;
  return (bytes) => {
    if (bytes > ROOM_BYTES) {
      noteGarbage(bytes);
      return Buffer.allocUnsafeSlow(bytes);
    }
    room ??= Buffer.allocUnsafeSlow(ROOM_BYTES);
    return room.subarray(0, bytes);
  };
}
