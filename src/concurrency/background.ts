/** Work that goes on after the answer, and has to be finished before the process ends. */
export interface Background {
  /** Takes note of work that reports its own failures. */
  run(work: Promise<unknown>): void;
  /** How much is under way. */
  size(): number;
  /** Resolves when nothing is under way any more. */
  drain(): Promise<void>;
}

export function createBackground(): Background {
  const running = new Set<Promise<unknown>>();
  return {
    run: (work) => {
      running.add(work);
      const forget = (): void => void running.delete(work);
      work.then(forget, forget);
    },
    size: () => running.size,
    drain: async () => {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}
