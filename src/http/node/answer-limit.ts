import { getSendTimeoutMs } from "../../media/open-bodies.ts";

/** Smaller ones fit into what the system buffers for a connection anyway. */
const FREE_BYTES = 64 * 1024;

/** What an answer is written to, as far as it matters here. */
export interface Outgoing {
  once(event: "close", listener: () => void): unknown;
  /** It has closed, or is about to. */
  readonly destroyed: boolean;
  destroy(): unknown;
}

/**
 * A bound on what clients have been answered and have not taken yet. Who takes it too slowly is cut off: a
 * byte now and then keeps a connection alive for as long as somebody likes.
 */
export interface InFlightBytes {
  /**
   * Counts an answer until it has been sent, or its client has gone.
   *
   * @param bytes that are held here
   * @param length of all that is to be sent, in bytes, where that is more
   * @returns whether there is room for it
   */
  reserve(bytes: number, outgoing: Outgoing | undefined, length?: number): boolean;
}

/** @param limit in bytes; one answer may be larger when there is no other */
export function createInFlightBytes(limit: number): InFlightBytes {
  let used = 0;
  return {
    reserve: (bytes, outgoing, length = bytes) => {
      // nothing is sent to a client that has gone, and it does not go again
      if (bytes <= FREE_BYTES || !outgoing || outgoing.destroyed) return true;
      if (used > 0 && used + bytes > limit) return false;
      used += bytes;
      const timer = setTimeout(() => outgoing.destroy(), getSendTimeoutMs(length));
      outgoing.once("close", () => {
        clearTimeout(timer);
        used -= bytes;
      });
      return true;
    },
  };
}
