/** Smaller ones fit into what the system buffers for a connection anyway. */
const FREE_BYTES = 64 * 1024;

/** What an answer is written to, as far as it matters here. */
export interface Outgoing {
  once(event: "close", listener: () => void): unknown;
  /** It has closed, or is about to. */
  readonly destroyed: boolean;
}

/** A bound on what clients have been answered and have not taken yet. */
export interface AnswerLimit {
  /**
   * Counts an answer until it has been sent, or its client has gone.
   *
   * @returns whether there is room for it
   */
  admit(bytes: number, outgoing: Outgoing | undefined): boolean;
}

/** @param limit in bytes; one answer may be larger when there is no other */
export function createAnswerLimit(limit: number): AnswerLimit {
  let used = 0;
  return {
    admit: (bytes, outgoing) => {
      // nothing is sent to a client that has gone, and it does not go again
      if (bytes <= FREE_BYTES || !outgoing || outgoing.destroyed) return true;
      if (used > 0 && used + bytes > limit) return false;
      used += bytes;
      outgoing.once("close", () => {
        used -= bytes;
      });
      return true;
    },
  };
}
