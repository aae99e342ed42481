import { MediaError } from "../errors.ts";

/** A bound on the bytes that are held at the same time. */
export interface ByteBudget {
  /**
   * Waits for room; more than the whole budget is given when nothing else is held.
   *
   * @throws MediaError `overloaded` when there is no room in time
   */
  take(bytes: number): Promise<Share>;
}

/** A part of the budget, which has to be given back. */
export interface Share {
  /** Holds this much from now on. What is more than before is taken without waiting. */
  resize(bytes: number): void;
  release(): void;
}

export function noRoom(): MediaError {
  return new MediaError("overloaded", "too many originals are being read, try again later");
}

interface Waiter {
  readonly bytes: number;
  give(share: Share): void;
}

interface State {
  readonly limit: number;
  readonly queue: Waiter[];
  used: number;
}

export function createByteBudget(limit: number, waitMs: number): ByteBudget {
  const state: State = { limit, queue: [], used: 0 };
  return {
    take: async (bytes) =>
      state.queue.length === 0 && hasRoom(state, bytes)
        ? createShare(state, bytes)
        : waitForShare(state, bytes, waitMs),
  };
}

function hasRoom({ used, limit }: State, bytes: number): boolean {
  return used === 0 || used + bytes <= limit;
}

function createShare(state: State, bytes: number): Share {
  let held = 0;
  const resize = (to: number): void => {
    state.used += to - held;
    held = to;
    serveQueue(state);
  };
  resize(bytes);
  return { resize, release: () => resize(0) };
}

function serveQueue(state: State): void {
  for (let next = state.queue[0]; next && hasRoom(state, next.bytes); next = state.queue[0]) {
    state.queue.shift();
    next.give(createShare(state, next.bytes));
  }
}

function waitForShare({ queue }: State, bytes: number, waitMs: number): Promise<Share> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      queue.splice(queue.indexOf(waiter), 1);
      reject(noRoom());
    }, waitMs);
    const waiter: Waiter = {
      bytes,
      give: (share) => {
        clearTimeout(timer);
        resolve(share);
      },
    };
    queue.push(waiter);
  });
}
