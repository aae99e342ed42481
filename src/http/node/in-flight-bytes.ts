import { Semaphore } from "../../async/semaphore.ts";
import { getSendTimeoutMs } from "../../media/open-bodies.ts";
import type { Outgoing } from "../wire.ts";

/** Smaller answers fit into the buffer that the system has for a connection. */
const FREE_BYTES = 64 * 1024;

/**
 * Bounds the bytes of answers that clients have not taken yet. A client that is too slow is disconnected: a byte
 * now and then would keep its answer in memory for ever.
 */
export class InFlightBytes {
  readonly #bytes: Semaphore;

  /** @param limit in bytes; one answer may be larger when there is no other */
  constructor(limit: number) {
    this.#bytes = new Semaphore({ limit });
  }

  /**
   * Counts an answer until it has been sent, or its client has gone.
   *
   * @param bytes that are held in memory
   * @param length of the whole answer in bytes, if that is more
   * @returns false when there is no room for it
   */
  reserve(bytes: number, outgoing: Outgoing | undefined, length: number = bytes): boolean {
    // a client that has gone is sent nothing, and does not close again
    if (bytes <= FREE_BYTES || !outgoing || outgoing.destroyed) return true;
    const lease = this.#bytes.tryAcquire(bytes);
    if (!lease) return false;
    const timer = setTimeout(() => outgoing.destroy(), getSendTimeoutMs(length));
    outgoing.once("close", () => {
      clearTimeout(timer);
      lease.release();
    });
    return true;
  }
}
