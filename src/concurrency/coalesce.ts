import { orAbort } from "../abort.ts";

/** What a job can know of those who wait for it. */
export interface Demand {
  /** Fires when all who waited have gone. */
  readonly abandoned: AbortSignal;
  /** Whether anybody waits, and not only wants it to be done. */
  isAwaited(): boolean;
  /** Calls back when somebody comes who waits, where nobody did. */
  onAwaited(listener: () => void): void;
}

interface Interest {
  /** Fires when whoever asks has gone. */
  readonly signal?: AbortSignal | undefined;
  /** It is to be done, but nobody waits for it. */
  readonly isBackground?: boolean | undefined;
}

/** Jobs that are under way, by what they make. */
export interface Coalescer<T> {
  /** The job of this key that is under way, or a new one. */
  join(key: string, start: (demand: Demand) => Promise<T>, interest?: Interest): Promise<T>;
  has(key: string): boolean;
  /** Whether there is one that has not been abandoned. */
  isWanted(key: string): boolean;
}

type Start<T> = (demand: Demand) => Promise<T>;

interface Job<T> {
  readonly promise: Promise<T>;
  readonly controller: AbortController;
  readonly listeners: (() => void)[];
  /** Those who wait. */
  waiting: number;
  /** Those who want it, whether they wait or not, and can go. */
  wanting: number;
  /** It is wanted by somebody who cannot go. */
  isWanted: boolean;
}

/**
 * @param settled how long a job that has its result can still be joined; by default not at all
 */
export function createCoalescer<T>(
  settled: (value: T) => Promise<unknown> | undefined = () => undefined,
): Coalescer<T> {
  const jobs = new Map<string, Job<T>>();
  const begin = (key: string, start: Start<T>): Job<T> => {
    const controller = new AbortController();
    const demand: Demand = {
      abandoned: controller.signal,
      isAwaited: () => job.waiting > 0,
      onAwaited: (listener) => void job.listeners.push(listener),
    };
    const job: Job<T> = {
      // what it knows of the demand is true only once it has been joined
      promise: Promise.resolve().then(() => start(demand)),
      controller,
      listeners: [],
      waiting: 0,
      wanting: 0,
      isWanted: false,
    };
    const forget = (): void => {
      if (jobs.get(key) === job) jobs.delete(key);
    };
    jobs.set(key, job);
    // before those who wait go on: what they begin then is another job
    job.promise.then((value) => {
      const rest = settled(value);
      if (rest) rest.then(forget, forget);
      else forget();
    }, forget);
    return job;
  };
  const beginAfter = (key: string, start: Start<T>, before: Job<T> | undefined): Job<T> =>
    begin(key, before ? (demand) => outcomeOrAnew(before, start, demand) : start);
  return {
    has: (key) => jobs.has(key),
    isWanted: (key) => jobs.get(key)?.controller.signal.aborted === false,
    join: (key, start, interest = {}) => {
      const { signal, isBackground = false } = interest;
      const present = jobs.get(key);
      const isAbandoned = present?.controller.signal.aborted === true;
      const job = present && !isAbandoned ? present : beginAfter(key, start, present);
      if (!isBackground) addWaiter(job);
      if (!signal) {
        job.isWanted = true;
        return job.promise;
      }
      job.wanting += 1;
      const leave = (): void => {
        if (!isBackground) job.waiting -= 1;
        job.wanting -= 1;
        if (job.wanting === 0 && !job.isWanted) job.controller.abort(signal.reason);
      };
      return orAbort(job.promise, signal, leave);
    },
  };
}

function addWaiter<T>(job: Job<T>): void {
  job.waiting += 1;
  if (job.waiting === 1) for (const listener of job.listeners) listener();
}

/** What had begun before it was abandoned may still be done, and is not to be done twice. */
async function outcomeOrAnew<T>(before: Job<T>, start: Start<T>, demand: Demand): Promise<T> {
  try {
    return await before.promise;
  } catch (error) {
    if (demand.abandoned.aborted) throw error;
    return start(demand);
  }
}
