/** A held part of a semaphore. */
export interface Lease extends Disposable {
  /** Holds this much from now on. A larger weight is taken without waiting. */
  resize(weight: number): void;
  /** Gives all of it back; a second call has no effect. */
  release(): void;
}

export interface SemaphoreOptions {
  /** The sum of weights that may be held at the same time. */
  readonly limit: number;
  /** Further callers are refused while this many wait. Default: any number may wait. */
  readonly maxWaiting?: number;
  /** The error for a caller that is refused, or that waits for longer than its time-out. */
  readonly createRefusal?: () => Error;
}

export interface AcquireOptions {
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

interface Waiter {
  readonly weight: number;
  readonly enter: (lease: Lease) => void;
}

/** First come, first served. A weight over the limit is granted when nothing else is held. */
export class Semaphore {
  readonly #limit: number;
  readonly #maxWaiting: number;
  readonly #createRefusal: () => Error;
  readonly #queue: Waiter[] = [];
  #held = 0;

  constructor({ limit, maxWaiting = Infinity, createRefusal }: SemaphoreOptions) {
    this.#limit = limit;
    this.#maxWaiting = maxWaiting;
    this.#createRefusal = createRefusal ?? (() => new Error("too many wait for the same thing"));
  }

  /** Nothing is held and no caller waits. */
  get isIdle(): boolean {
    return this.#held === 0 && this.#queue.length === 0;
  }

  /** A lease if it can be had without waiting. */
  tryAcquire(weight = 1): Lease | undefined {
    return this.#queue.length === 0 && this.#hasRoom(weight) ? this.#grant(weight) : undefined;
  }

  /** @throws the reason of the signal, or the refusal */
  async acquire(weight = 1, { signal, timeoutMs }: AcquireOptions = {}): Promise<Lease> {
    signal?.throwIfAborted();
    const lease = this.tryAcquire(weight);
    if (lease) return lease;
    if (this.#queue.length >= this.#maxWaiting) throw this.#createRefusal();
    return this.#wait(weight, signal, timeoutMs);
  }

  /** Holds a weight of 1 while the work runs. */
  async run<T>(work: () => Promise<T>, options?: AcquireOptions): Promise<T> {
    const lease = await this.acquire(1, options);
    try {
      return await work();
    } finally {
      lease.release();
    }
  }

  #wait(weight: number, signal?: AbortSignal, timeoutMs?: number): Promise<Lease> {
    return new Promise((resolve, reject) => {
      const leave = (error: unknown): void => {
        this.#queue.splice(this.#queue.indexOf(waiter), 1);
        stopWaiting();
        reject(error);
        this.#serveQueue(); // the next one may want less
      };
      const abort = (): void => leave(signal?.reason);
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(() => leave(this.#createRefusal()), timeoutMs);
      const stopWaiting = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
      };
      const waiter: Waiter = {
        weight,
        enter: (lease) => {
          stopWaiting();
          resolve(lease);
        },
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#queue.push(waiter);
    });
  }

  #hasRoom(weight: number): boolean {
    return this.#held === 0 || this.#held + weight <= this.#limit;
  }

  #grant(weight: number): Lease {
    let own = weight;
    this.#held += weight;
    const resize = (to: number): void => {
      this.#held += to - own;
      own = to;
      this.#serveQueue();
    };
    const release = (): void => resize(0);
    return { resize, release, [Symbol.dispose]: release };
  }

  #serveQueue(): void {
    for (let next = this.#queue[0]; next && this.#hasRoom(next.weight); next = this.#queue[0]) {
      this.#queue.shift();
      next.enter(this.#grant(next.weight));
    }
  }
}
