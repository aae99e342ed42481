import type { Allocate } from "./frames.ts";
import { MAX_HEADER_BYTES } from "./frames.ts";
import { noteGarbage } from "./garbage.ts";

/** As large as almost all originals; of what is never written to, the system gives no memory. */
const ROOM_BYTES = 16 * 1024 * 1024;

/** Memory for originals, of which there is one at a time. */
export interface Room {
  /**
   * Room for a frame or an original. What has a body brings another original, and may overwrite the last one: pages
   * that the system has yet to find and clear cost seven times as much as the reading.
   */
  readonly allocate: Allocate;
  /** Leaves what was allocated to whoever may still be reading it. */
  abandon(): void;
}

export function createRoom(): Room {
  let room: Buffer | undefined;
  return {
    allocate: (bytes) => {
      // a header without a body may be about the last original
      if (bytes <= MAX_HEADER_BYTES || bytes > ROOM_BYTES) {
        noteGarbage(bytes);
        return Buffer.allocUnsafeSlow(bytes);
      }
      room ??= Buffer.allocUnsafeSlow(ROOM_BYTES);
      return room.subarray(0, bytes);
    },
    abandon: () => {
      if (room) noteGarbage(ROOM_BYTES);
      room = undefined;
    },
  };
}
