import { orAbort } from "./abort.ts";

/** How much a piece of work is wanted, by those who share it. */
export interface Demand {
  /** Fires when all callers have left. */
  readonly abandoned: AbortSignal;
  /** True while a caller waits for the result, and not only wants the work to be done. */
  isAwaited(): boolean;
  /** Calls back when the first caller comes who waits. */
  onAwaited(listener: () => void): void;
}

export interface JoinOptions {
  /** Fires when the caller leaves. Without it the work is never abandoned. */
  readonly signal?: AbortSignal | undefined;
  /** The caller wants the work done but does not wait for it. */
  readonly isBackground?: boolean | undefined;
}

export interface SharedWorkOptions<T> {
  /** Finished work can be joined until this promise settles. Default: it cannot be joined. */
  readonly joinableUntil?: (value: T) => Promise<unknown> | undefined;
}

type Start<T> = (demand: Demand) => Promise<T>;

interface Work<T> {
  readonly promise: Promise<T>;
  readonly controller: AbortController;
  readonly listeners: (() => void)[];
  /** The number of callers that wait. */
  waiting: number;
  /** The number of callers that can leave, whether they wait or not. */
  users: number;
  /** A caller without a signal wants it: it is never abandoned. */
  isPinned: boolean;
}

/** Callers that want the same thing at the same time share one piece of work, found by its key. */
export class SharedWork<T> {
  readonly #works = new Map<string, Work<T>>();
  readonly #options: SharedWorkOptions<T>;

  constructor(options: SharedWorkOptions<T> = {}) {
    this.#options = options;
  }

  has(key: string): boolean {
    return this.#works.has(key);
  }

  /** True if there is work of this key that is not abandoned. */
  isWanted(key: string): boolean {
    return this.#works.get(key)?.controller.signal.aborted === false;
  }

  /** Joins the work of this key, or starts it, and waits for its result. */
  join(key: string, start: Start<T>, options: JoinOptions = {}): Promise<T> {
    const { signal, isBackground = false } = options;
    const work = this.#findOrBegin(key, start);
    if (!isBackground) addWaiter(work);
    if (!signal) {
      work.isPinned = true;
      return work.promise;
    }
    work.users += 1;
    return orAbort(work.promise, signal, () => {
      if (!isBackground) work.waiting -= 1;
      leave(work, signal.reason);
    });
  }

  #findOrBegin(key: string, start: Start<T>): Work<T> {
    const present = this.#works.get(key);
    if (!present) return this.#begin(key, start);
    if (!present.controller.signal.aborted) return present;
    return this.#begin(key, (demand) => reuseOrStart(present, start, demand));
  }

  #begin(key: string, start: Start<T>): Work<T> {
    const controller = new AbortController();
    const listeners: (() => void)[] = [];
    const demand: Demand = {
      abandoned: controller.signal,
      isAwaited: () => work.waiting > 0,
      onAwaited: (listener) => void listeners.push(listener),
    };
    const work: Work<T> = {
      // in a microtask: the demand is known once the first caller has joined
      promise: Promise.resolve().then(() => start(demand)),
      controller,
      listeners,
      waiting: 0,
      users: 0,
      isPinned: false,
    };
    this.#works.set(key, work);
    // before callers go on: what they start then is other work
    work.promise.then(
      (value) => this.#finish(key, work, value),
      () => this.#remove(key, work),
    );
    return work;
  }

  #finish(key: string, work: Work<T>, value: T): void {
    const remove = (): void => this.#remove(key, work);
    const end = this.#options.joinableUntil?.(value);
    if (end) end.then(remove, remove);
    else remove();
  }

  #remove(key: string, work: Work<T>): void {
    if (this.#works.get(key) === work) this.#works.delete(key);
  }
}

function leave<T>(work: Work<T>, reason: unknown): void {
  work.users -= 1;
  if (work.users === 0 && !work.isPinned) work.controller.abort(reason);
}

function addWaiter<T>(work: Work<T>): void {
  work.waiting += 1;
  if (work.waiting === 1) for (const listener of work.listeners) listener();
}

/** Abandoned work may still succeed, and is not done twice. */
async function reuseOrStart<T>(before: Work<T>, start: Start<T>, demand: Demand): Promise<T> {
  try {
    return await before.promise;
  } catch (error) {
    if (demand.abandoned.aborted) throw error;
    return start(demand);
  }
}
