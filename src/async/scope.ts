export interface ScopeOptions {
  readonly timeoutMs: number;
  /** The scope ends with the first of these that fires, for its reason. */
  readonly signals?: readonly (AbortSignal | undefined)[];
}

/**
 * The time that some work has, as a signal: it fires when the time is over, or when one of its causes does. A scope that
 * is disposed of fires no more, and holds nothing.
 *
 * `AbortSignal.timeout` keeps its listeners, and all that they refer to, in memory until it fires. `AbortSignal.any` does
 * not keep its sources alive: a time-out without other references is collected, and never fires (nodejs/node#57736).
 */
export class Scope implements Disposable {
  readonly signal: AbortSignal;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #listeners: (readonly [AbortSignal, () => void])[] = [];

  constructor({ timeoutMs, signals = [] }: ScopeOptions) {
    const controller = new AbortController();
    this.signal = controller.signal;
    this.#timer = setTimeout(() => controller.abort(createTimeoutError(timeoutMs)), timeoutMs);
    for (const signal of signals) {
      if (!signal) continue;
      const abort = (): void => controller.abort(signal.reason);
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
      this.#listeners.push([signal, abort]);
    }
  }

  /** A part of the work, which ends with the whole, or earlier. */
  begin(timeoutMs: number, ...signals: readonly AbortSignal[]): Scope {
    return new Scope({ timeoutMs, signals: [this.signal, ...signals] });
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const [signal, abort] of this.#listeners) signal.removeEventListener("abort", abort);
  }
}

function createTimeoutError(ms: number): Error {
  const error = new Error(`it took longer than ${ms} ms`);
  error.name = "TimeoutError";
  return error;
}
