/** Jobs that are under way, by what they make. */
export interface Coalescer<T> {
  /** The job of this key that is under way, or a new one. */
  join(key: string, start: () => Promise<T>): Promise<T>;
  has(key: string): boolean;
}

/**
 * @param settled how long a job that has its result can still be joined; by default not at all
 */
export function createCoalescer<T>(
  settled: (value: T) => Promise<unknown> = () => Promise.resolve(),
): Coalescer<T> {
  const jobs = new Map<string, Promise<T>>();
  return {
    has: (key) => jobs.has(key),
    join: (key, start) => {
      const underWay = jobs.get(key);
      if (underWay) return underWay;
      const job = start();
      const forget = (): void => void jobs.delete(key);
      jobs.set(key, job);
      job.then(settled).then(forget, forget);
      return job;
    },
  };
}
