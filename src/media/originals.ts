import { orAbort } from "../abort.ts";
import { MediaError } from "../errors.ts";
import type { GetResult, ObjectStore } from "../store/store.ts";
import type { ByteBudget, Share } from "./byte-budget.ts";
import { noRoom } from "./byte-budget.ts";
import type { Observe } from "./events.ts";

/** Bytes that are still at work may serve others too, but not for ever: the original may change. */
const MAX_AGE_MS = 10_000;

export interface OriginalsDeps {
  readonly store: Pick<ObjectStore, "get">;
  readonly maxBytes: number;
  /** What all originals together may hold while they are read and transformed. */
  readonly budget: ByteBudget;
  readonly observe: Observe;
  /** Milliseconds since some beginning. */
  readonly now: () => number;
}

interface UseOptions {
  /** The ETag that makes the bytes superfluous. */
  readonly knownEtag: string | undefined;
  /** Ends the wait for the original, and not the work on it. */
  readonly signal: AbortSignal;
}

/** Lends originals out; those who want the same one at the same time share one request to the store. */
export interface Originals {
  /**
   * Works on an original. Its bytes count against the budget until everybody's work is done.
   *
   * @throws MediaError `too_large`, `overloaded`, what the store throws, and what `work` throws
   */
  use<T>(key: string, options: UseOptions, work: (original: GetResult) => Promise<T>): Promise<T>;
}

interface Loan {
  readonly result: Promise<GetResult>;
  readonly since: number;
  users: number;
  share: Share | undefined;
}

export function createOriginals(deps: OriginalsDeps): Originals {
  const loans = new Map<string, Loan>();
  return {
    use: async (key, { knownEtag, signal }, work) => {
      const id = JSON.stringify([key, knownEtag]);
      const known = loans.get(id);
      const isYoung = known && deps.now() - known.since < MAX_AGE_MS;
      const loan = isYoung ? known : fetch(deps, key, knownEtag);
      loans.set(id, loan);
      loan.users += 1;
      try {
        return await work(await waitFor(loan, signal));
      } finally {
        loan.users -= 1;
        if (loan.users === 0) {
          loan.share?.release();
          if (loans.get(id) === loan) loans.delete(id);
        }
      }
    },
  };
}

function fetch(deps: OriginalsDeps, key: string, knownEtag: string | undefined): Loan {
  const { store, maxBytes, budget, observe, now } = deps;
  const read = async (): Promise<GetResult> => {
    // as much as it may have, until it is known; one that is known is rarely sent again
    const share = await budget.take(knownEtag === undefined ? maxBytes : 0);
    loan.share = share;
    observe({ kind: "fetch" });
    const result = await store.get(key, { maxBytes, ...(knownEtag && { ifNoneMatch: knownEtag }) });
    share.resize(result.kind === "found" && loan.users > 0 ? result.bytes.length : 0);
    return result;
  };
  const loan: Loan = {
    result: Promise.resolve().then(read),
    since: now(),
    users: 0,
    share: undefined,
  };
  return loan;
}

/** Who gives up leaves the others their answer: the store has a time-out of its own. */
async function waitFor(loan: Loan, signal: AbortSignal): Promise<GetResult> {
  try {
    return await orAbort(loan.result, signal);
  } catch (error) {
    if (error instanceof MediaError) throw error;
    // without a share it was never asked
    if (!loan.share) throw noRoom();
    throw new MediaError("timeout", "the store did not answer in time", { cause: error });
  }
}
