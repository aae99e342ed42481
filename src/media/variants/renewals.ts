import type { Background } from "../../async/background.ts";
import { MediaError } from "../../errors.ts";
import type { VariantRequest } from "../../request/request.ts";
import type { Observe } from "../observe.ts";

/** After each renewal there is none for so many times as long as it took: together they take a quarter of a process. */
const REST = 3;

interface RenewalsDeps {
  /** Makes a variant anew, after the work that clients wait for. */
  readonly renew: (request: VariantRequest) => Promise<unknown>;
  readonly background: Background;
  readonly observe: Observe;
  /** Milliseconds since some beginning. */
  readonly now: () => number;
}

/**
 * Makes variants of older recipes anew behind the answers about them, one at a time and with rests. What is turned away
 * comes again with its next visitor, so there is no queue, and what is asked for most comes first.
 */
export class Renewals {
  readonly #deps: RenewalsDeps;
  #isBusy = false;
  #restsUntil = -Infinity;

  constructor(deps: RenewalsDeps) {
    this.#deps = deps;
  }

  /** Renews a variant, if it is time for one. */
  offer(request: VariantRequest): void {
    const { now, background } = this.#deps;
    if (this.#isBusy || now() < this.#restsUntil) return;
    this.#isBusy = true;
    background.run(this.#renew(request));
  }

  async #renew(request: VariantRequest): Promise<void> {
    const { renew, now, observe } = this.#deps;
    const begin = now();
    try {
      await renew(request);
    } catch (error) {
      const isGone = error instanceof MediaError && error.code === "original_not_found";
      const task = `renew ${request.variantKey}`;
      if (!isGone) observe({ kind: "background_failed", task, error });
    } finally {
      this.#restsUntil = now() + REST * (now() - begin);
      this.#isBusy = false;
    }
  }
}
