/** A bounded number of places. */
export interface Turns {
  /**
   * Waits for a place, first come first served.
   *
   * @returns gives the place back
   * @throws the reason of the signal when that fires first
   */
  take(signal: AbortSignal): Promise<() => void>;
}

export function createTurns(places: number): Turns {
  const queue: (() => void)[] = [];
  let free = places;
  const giveBack = (): void => {
    const next = queue.shift();
    if (next) next();
    else free += 1;
  };
  return {
    take: async (signal) => {
      signal.throwIfAborted();
      if (free > 0) free -= 1;
      else await waitIn(queue, signal);
      return giveBack;
    },
  };
}

function waitIn(queue: (() => void)[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      const index = queue.indexOf(enter);
      if (index !== -1) queue.splice(index, 1);
      reject(signal.reason);
    };
    const enter = (): void => {
      signal.removeEventListener("abort", leave);
      resolve();
    };
    signal.addEventListener("abort", leave, { once: true });
    queue.push(enter);
  });
}
