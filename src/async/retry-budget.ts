/** Calls for each retry that they pay for: a store that fails gets a tenth more to do, and no more. */
const CALLS_PER_RETRY = 10;
/** Retries that may be saved up, for a store that fails after a rest. */
const MAX_SAVED = 20;

/** Lets a bounded share of calls be sent once more. */
export class RetryBudget {
  #saved = MAX_SAVED;

  /** To be called once for each call. */
  earn(): void {
    this.#saved = Math.min(MAX_SAVED, this.#saved + 1 / CALLS_PER_RETRY);
  }

  /** Takes a retry back that has succeeded: it was worth its work. */
  giveBack(): void {
    this.#saved = Math.min(MAX_SAVED, this.#saved + 1);
  }

  /** Takes one retry; `false` where none is left. */
  spend(): boolean {
    if (this.#saved < 1) return false;
    this.#saved -= 1;
    return true;
  }
}
