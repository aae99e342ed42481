import type { MediaEvent, Observe } from "./observe.ts";

/** The parts of a request that take time, in the order in which they happen. */
export const PHASES = [
  /** The answer came from memory. */
  "memo",
  /** The wait for another request's job. */
  "join",
  "head",
  "fetch",
  "queue",
  "decode-encode",
  "store",
] as const;

export type Phase = (typeof PHASES)[number];

/** How long parts of a request took, in milliseconds. */
export type Timings = Readonly<Partial<Record<Phase, number>>>;

/**
 * Records one request, or one piece of background work: how long its parts take, for `Server-Timing`, and what happens,
 * for metrics and the log.
 */
export class Recorder {
  readonly #observe: Observe;
  readonly #timings: Partial<Record<Phase, number>> = {};

  /** @param observe takes what happens; by default nobody does */
  constructor(observe: Observe = () => undefined) {
    this.#observe = observe;
  }

  get timings(): Timings {
    return this.#timings;
  }

  record(event: MediaEvent): void {
    this.#observe(event);
  }

  /** Records how long a part took that is over. */
  setTime(phase: Phase, ms: number): void {
    this.#timings[phase] = ms;
  }

  /** Measures a part until the result is disposed of, whether it succeeds or fails. */
  begin(phase: Phase): Disposable {
    const begin = performance.now();
    return { [Symbol.dispose]: () => this.setTime(phase, performance.now() - begin) };
  }
}
