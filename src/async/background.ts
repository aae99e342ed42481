/** Work that goes on after the answer, and has to be finished before the process ends. */
export class Background {
  readonly #running = new Set<Promise<unknown>>();

  /** Keeps track of work that reports its own failures. */
  run(work: Promise<unknown>): void {
    this.#running.add(work);
    const forget = (): void => void this.#running.delete(work);
    work.then(forget, forget);
  }

  /** The number of pieces of work that run now. */
  get size(): number {
    return this.#running.size;
  }

  /** Resolves when none runs any more. */
  async drain(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }
}
