import { pause } from "../../async/abort.ts";
import type { ImageWorker } from "../worker.ts";

const RESTART_PAUSE_MS = 250;

export interface WorkerSetOptions {
  /** Largest number of workers. */
  readonly size: number;
  readonly startWorker: () => Promise<ImageWorker>;
  /** Called when a worker cannot be replaced. */
  readonly onStartFailure?: (error: unknown) => void;
}

interface WorkerSetHooks {
  /** Called when a worker becomes idle by itself. */
  readonly onIdle: () => void;
  /** Counts the originals whose jobs wait for a worker. */
  readonly countWaiting: () => number;
}

/** A bounded number of workers. One that dies or is worn out is replaced. */
export class WorkerSet {
  readonly #options: WorkerSetOptions & WorkerSetHooks;
  readonly #workers = new Set<ImageWorker>();
  readonly #idle: ImageWorker[] = [];
  /** Workers, and those that are being started: never more than `size`. */
  #reserved = 0;
  #isStopped = false;

  constructor(options: WorkerSetOptions & WorkerSetHooks) {
    this.#options = options;
  }

  /** Starts all workers. @throws when one cannot be started */
  async start(): Promise<void> {
    const missing = this.#options.size - this.#reserved;
    await Promise.all(Array.from({ length: missing }, () => this.#add()));
  }

  /** Starts workers in place of those that are missing, but no more than originals wait for. */
  replenish(): void {
    const { size, countWaiting } = this.#options;
    const starting = this.#reserved - this.#workers.size;
    const missing = Math.min(size - this.#reserved, countWaiting() - starting);
    for (let count = 0; count < missing; count += 1) void this.#replace();
  }

  /** Takes an idle worker. One that died since it was last busy is replaced. */
  take(): ImageWorker | undefined {
    for (let worker = this.#idle.pop(); worker; worker = this.#idle.pop()) {
      if (worker.isFit()) return worker;
      this.put(worker);
    }
    return undefined;
  }

  /** Makes a worker idle again. One that is not fit any more is replaced. */
  put(worker: ImageWorker): void {
    if (worker.isFit() && !this.#isStopped) {
      this.#idle.push(worker);
      return;
    }
    worker.stop();
    this.#workers.delete(worker);
    this.#reserved -= 1;
    if (!this.#isStopped) void this.#replace();
  }

  count(): { readonly fit: number; readonly busy: number; readonly idle: number } {
    return {
      fit: [...this.#workers].filter((worker) => worker.isFit()).length,
      busy: this.#workers.size - this.#idle.length,
      idle: this.#idle.length,
    };
  }

  stop(): void {
    this.#isStopped = true;
    for (const worker of this.#workers) worker.stop();
  }

  async #add(): Promise<void> {
    this.#reserved += 1;
    try {
      const worker = await this.#options.startWorker();
      this.#workers.add(worker);
      if (this.#isStopped) worker.stop();
      else this.#idle.push(worker);
      this.#options.onIdle();
    } catch (error) {
      this.#reserved -= 1;
      throw error;
    }
  }

  /** Tries again while jobs wait. The time-out of the queue ends their wait. */
  async #replace(): Promise<void> {
    try {
      await this.#add();
    } catch (error) {
      const { size, countWaiting, onStartFailure } = this.#options;
      onStartFailure?.(error);
      await pause(RESTART_PAUSE_MS);
      const isMissed = countWaiting() > 0 && this.#reserved < size;
      if (isMissed && !this.#isStopped) await this.#replace();
    }
  }
}
