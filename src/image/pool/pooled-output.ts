import { MediaError } from "../../errors.ts";
import { isHeavyJob } from "../share/decode-group.ts";
import type { BatchOutput, ImageJob, ImageResult } from "../worker.ts";

export interface JobOptions {
  /** Ends the job while it waits or runs. */
  readonly signal: AbortSignal;
  /** Ends the job while it waits: no client wants it any more. */
  readonly abandoned?: AbortSignal;
  /** True while a client waits for it. Other jobs are background jobs, which begin after those of visitors. */
  readonly isAwaited?: () => boolean;
  /** Calls the listener when a client begins to wait for a background job. */
  readonly onAwaited?: (listener: () => void) => void;
}

type Made = Extract<ImageResult, { kind: "made" }>;

export type PoolResult =
  | (Made & {
      /** Milliseconds in the queue, and on a worker. */
      readonly queueMs: number;
      readonly transformMs: number;
    })
  | Exclude<ImageResult, Made>;

interface PooledOutputOptions extends JobOptions {
  /** Milliseconds that the job of a visitor may wait. */
  readonly queueWaitMs: number;
  /** Called when it fails before a worker has answered. */
  readonly onLeave: (output: PooledOutput) => void;
}

let lastId = 0;

/** A job in the pool, from its arrival to its result. */
export class PooledOutput {
  readonly job: ImageJob;
  readonly id: number;
  /** It may take seconds. */
  readonly isHeavy: boolean;
  readonly result: Promise<PoolResult>;
  /** The same for jobs that may share work. */
  original: unknown;
  /** A worker has died of it. */
  isRetry = false;
  /** It was taken from a batch for another worker. */
  isRecalled = false;
  readonly #options: PooledOutputOptions;
  readonly #settled = new AbortController();
  #resolve: (result: PoolResult) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #isBackground: boolean;
  #arrivedAt = performance.now();
  #begunAt: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(job: ImageJob, options: PooledOutputOptions) {
    lastId += 1;
    this.id = lastId;
    this.job = job;
    this.isHeavy = isHeavyJob(job);
    this.original = job.originalId ?? this;
    this.#options = options;
    this.#isBackground = options.isAwaited?.() === false;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#listen(options.signal, () => this.leave(options.signal.reason));
    this.#listen(options.abandoned, () => {
      if (!this.hasBegun) this.leave(options.abandoned?.reason);
    });
    if (!this.#isBackground) this.#startTimer();
  }

  /** No client waits for it, or none did when it began. */
  get isBackground(): boolean {
    return this.#isBackground;
  }

  get hasBegun(): boolean {
    return this.#begunAt !== undefined;
  }

  get isSettled(): boolean {
    return this.#settled.signal.aborted;
  }

  /** The part of it that workers need. */
  get request(): BatchOutput {
    const { spec, format, skipIfSlow, skipIfMoving } = this.job;
    return { id: this.id, spec, format, skipIfSlow, skipIfMoving };
  }

  /** Makes it the job of a visitor if a client waits for it by now. */
  promote(): void {
    if (!this.#isBackground || this.hasBegun || !this.#options.isAwaited?.()) return;
    this.#isBackground = false;
    this.#startTimer();
  }

  begin(): void {
    clearTimeout(this.#timer);
    this.#begunAt = performance.now();
  }

  /** Lets it wait once more, because its worker has died of it. */
  beginRetry(): void {
    this.isRetry = true;
    this.original = this; // it shares nothing, so that no other job can be the cause
    this.waitAgain();
  }

  /** Lets it wait as if it had just arrived, because its worker has died. */
  waitAgain(): void {
    this.#begunAt = undefined;
    this.#arrivedAt = performance.now();
    const { abandoned } = this.#options;
    if (abandoned?.aborted) this.leave(abandoned.reason);
    else if (!this.#isBackground) this.#startTimer();
  }

  settle(result: ImageResult): void {
    const endedAt = performance.now();
    const begunAt = this.#begunAt ?? endedAt;
    const times = { queueMs: begunAt - this.#arrivedAt, transformMs: endedAt - begunAt };
    this.#end();
    this.#resolve(result.kind === "made" ? { ...result, ...times } : result);
  }

  fail(error: unknown): void {
    this.#end();
    this.#reject(error);
  }

  /** Fails before a worker has answered. */
  leave(reason: unknown): void {
    if (this.isSettled) return;
    this.fail(reason);
    this.#options.onLeave(this);
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#settled.abort("settled"); // without a reason Node would make an error, with its stack
  }

  #listen(signal: AbortSignal | undefined, listener: () => void): void {
    signal?.addEventListener("abort", listener, { signal: this.#settled.signal });
  }

  #startTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#expire(), this.#options.queueWaitMs);
  }

  #expire(): void {
    const { isAwaited, queueWaitMs } = this.#options;
    if (isAwaited?.() === false) {
      this.#isBackground = true; // the client that waited for it has left
      return;
    }
    const problem = `no image could be begun within ${queueWaitMs} ms, try again later`;
    this.leave(new MediaError("overloaded", problem));
  }
}
