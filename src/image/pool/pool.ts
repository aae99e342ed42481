import { pause } from "../../async/abort.ts";
import { MediaError } from "../../errors.ts";
import type { ImageJob, ImageWorker, WorkerDied } from "../worker.ts";
import { OutputQueue } from "./output-queue.ts";
import type { JobOptions, PoolResult } from "./pooled-output.ts";
import { PooledOutput } from "./pooled-output.ts";
import { RunningBatch } from "./running-batch.ts";
import { splitBatch } from "./split-batch.ts";
import type { WorkerSetOptions } from "./workers.ts";
import { WorkerSet } from "./workers.ts";

/** Outputs of one original that a worker has at a time, and makes in a row while others wait. */
const MAX_BATCH = 8;
const RETRY_PAUSE_MS = 50;
/** Background jobs that may wait for each job of a visitor that may. */
const BACKGROUND_FACTOR = 10;
/** A background job may run this many times as long as one of a visitor: it may be one that was too slow for them. */
const BACKGROUND_DEADLINE_FACTOR = 3;
/** Milliseconds since the last job of a visitor after which background jobs may use all workers. */
const IDLE_MS = 1000;

export interface PoolOptions extends WorkerSetOptions {
  /** Jobs of visitors that may wait. */
  readonly queueLimit: number;
  /** Milliseconds that a visitor's job may wait. */
  readonly queueWaitMs: number;
  /** How long a job may run. */
  readonly deadlineMs: number;
}

interface PoolStats {
  /** Workers that are alive, busy or not. */
  readonly workers: number;
  readonly busy: number;
  /** Jobs that have not begun: those of visitors, and the others. */
  readonly queued: number;
  readonly queuedBackground: number;
}

/**
 * A bounded number of workers behind a bounded queue. A worker takes several jobs of one original as a batch, which
 * shares its decode. A worker that dies is replaced, and the job that it died of is given to another one, once.
 * Background jobs begin when no visitor's waits, on half of the workers while visitors are about.
 */
export class Pool {
  readonly #options: PoolOptions;
  readonly #workers: WorkerSet;
  readonly #queue = new OutputQueue();
  readonly #batches = new Set<RunningBatch>();
  /** When a visitor's job last began or ended. */
  #visitorAt = -Infinity;
  #isDispatching = false;
  #rejectsBackground = false;
  #isStopped = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#workers = new WorkerSet({
      ...options,
      onIdle: () => this.#dispatch(),
      countWaiting: () => this.#queue.size,
    });
  }

  /** Starts all workers. @throws when one cannot be started */
  start(): Promise<void> {
    return this.#workers.start();
  }

  /**
   * @throws MediaError what the transform throws; `overloaded` when the queue is full or the wait too
   * long; `timeout` when the job takes too long
   */
  async run(job: ImageJob, options: JobOptions): Promise<PoolResult> {
    options.signal.throwIfAborted();
    options.abandoned?.throwIfAborted();
    const isBackground = options.isAwaited?.() === false;
    if (this.#isStopped || (isBackground && this.#rejectsBackground)) throw createStoppingError();
    if (!this.#hasRoom(isBackground)) {
      throw new MediaError("overloaded", "too many images are being made, try again later");
    }
    const { queueWaitMs } = this.#options;
    const onLeave = (left: PooledOutput): void => this.#drop(left);
    const output = new PooledOutput(job, { ...options, queueWaitMs, onLeave });
    this.#queue.add(output);
    this.#dispatchSoon();
    // a worker may be idle that background jobs may not use
    options.onAwaited?.(() => this.#dispatchSoon());
    return output.result;
  }

  /** Rejects background jobs that have not begun, and all that come later. */
  rejectBackground(): void {
    this.#rejectsBackground = true;
    for (const output of this.#listWaiting()) {
      output.promote();
      if (output.isBackground) output.leave(createStoppingError());
    }
  }

  /** True if another job of a visitor may come. */
  hasRoom(): boolean {
    return this.#hasRoom(false);
  }

  stats(): PoolStats {
    const { fit, busy } = this.#workers.count();
    const waiting = this.#listWaiting();
    const queued = waiting.filter(isOfVisitor).length;
    return { workers: fit, busy, queued, queuedBackground: waiting.length - queued };
  }

  stop(): void {
    this.#isStopped = true;
    this.#workers.stop();
    for (const output of this.#listWaiting()) output.leave(createStoppingError());
  }

  #listWaiting(): readonly PooledOutput[] {
    return [...this.#queue.list(), ...[...this.#batches].flatMap(({ waiting }) => waiting)];
  }

  /** Jobs that an idle worker will take do not count as waiting. */
  #hasRoom(isBackground: boolean): boolean {
    const { queued, queuedBackground } = this.stats();
    const limit = this.#options.queueLimit;
    if (isBackground) return queuedBackground < limit * BACKGROUND_FACTOR;
    return queued < limit + this.#workers.count().idle;
  }

  #drop(output: PooledOutput): void {
    const batch = [...this.#batches].find((each) => each.has(output));
    if (!batch) this.#queue.delete(output);
    else if (output === batch.running) batch.end();
    else batch.recall([output]);
  }

  /** Jobs of an original that has just been fetched arrive together, and meet in the queue before one begins. */
  #dispatchSoon(): void {
    if (this.#isDispatching) return;
    this.#isDispatching = true;
    setImmediate(() => {
      this.#isDispatching = false;
      this.#dispatch();
    });
  }

  /** Gives waiting jobs to workers, and takes those back that another worker should have. */
  #dispatch(): void {
    if (this.#isStopped) return;
    for (const output of this.#listWaiting()) output.promote();
    if (this.#queue.size > 0) this.#assign();
    for (const batch of this.#batches) batch.recall(this.#selectRecalled(batch));
    this.#workers.replenish();
  }

  /**
   * Gives quick jobs to workers that have a batch of their original, which shares its next decode with them; then any to
   * idle workers; and what is left to batches again.
   */
  #assign(): void {
    for (const batch of this.#batches) {
      if (batch.waiting.length > 0) this.#join(batch, (each) => !each.isHeavy && !each.isRecalled);
    }
    for (let worker = this.#workers.take(); worker; worker = this.#workers.take()) {
      if (!this.#beginNext(worker)) {
        this.#workers.put(worker);
        break; // the jobs that wait are for busy workers
      }
    }
    // heavy jobs in the background may not have more workers
    const bySize = [...this.#batches].toSorted((one, other) => one.size - other.size);
    for (const batch of bySize) this.#join(batch, ({ isHeavy }) => !isHeavy || !batch.isBackground);
  }

  #beginNext(worker: ImageWorker): boolean {
    const isBackground = this.#queue.count(isOfVisitor) === 0;
    const mayBegin = isBackground ? this.#selectBackground() : isOfVisitor;
    const outputs = this.#queue.takeNext(mayBegin, MAX_BATCH);
    if (outputs.length === 0) return false;
    const spare = isBackground ? 0 : this.#workers.count().idle - this.#queue.count(isOfVisitor);
    const [own = [], ...others] = splitBatch(outputs, 1 + Math.max(0, spare));
    this.#begin(worker, own, isBackground);
    for (const part of others) {
      const helper = part.length > 0 ? this.#workers.take() : undefined;
      if (helper) this.#begin(helper, part, isBackground);
      else this.#queue.putBack(part);
    }
    return true;
  }

  /** Selects the background jobs that may begin: all while less than half of the workers run such jobs, else quick ones. */
  #selectBackground(): (output: PooledOutput) => boolean {
    const running = [...this.#batches].filter(({ isBackground }) => isBackground).length;
    if (running < Math.max(1, Math.floor(this.#options.size / 2))) return () => true;
    const areVisitorsAway = performance.now() - this.#visitorAt > IDLE_MS;
    return ({ isHeavy }) => areVisitorsAway && !isHeavy;
  }

  #begin(worker: ImageWorker, outputs: readonly PooledOutput[], isBackground: boolean): void {
    if (!isBackground) this.#visitorAt = performance.now();
    const factor = isBackground ? BACKGROUND_DEADLINE_FACTOR : 1;
    const batch = new RunningBatch(worker, outputs, {
      isBackground,
      deadlineMs: this.#options.deadlineMs * factor,
      onReturn: (returned) => this.#return(returned),
      onDeath: (output, error) => void this.#retry(output, error),
      onChange: () => this.#update(batch),
    });
    this.#batches.add(batch);
  }

  #update(batch: RunningBatch): void {
    if (!batch.isBackground) this.#visitorAt = performance.now();
    if (batch.isOver) {
      this.#batches.delete(batch);
      this.#workers.put(batch.worker);
    }
    this.#dispatch();
  }

  /** Adds late comers to a batch. None waits for what may take seconds, or keeps other originals waiting for long. */
  #join(batch: RunningBatch, mayJoin: (output: PooledOutput) => boolean): void {
    const { original, isBackground, size, total } = batch;
    const isInTheWay = isBackground && this.#queue.count(isOfVisitor) > 0;
    if (batch.running?.isHeavy || isInTheWay) return;
    const isAlike = (output: PooledOutput): boolean => output.isBackground === isBackground;
    const doOthersWait =
      this.#queue.count((each) => each.original !== original && isAlike(each)) > 0;
    const limit = MAX_BATCH - (doOthersWait ? total : size);
    const isWanted = (output: PooledOutput): boolean => isAlike(output) && mayJoin(output);
    if (limit > 0) batch.add(this.#queue.takeFrom(original, isWanted, limit));
  }

  /** Selects the jobs of a batch that another worker should take: all if visitors wait, or else a part for an idle one. */
  #selectRecalled({
    isBackground,
    waiting,
    running,
    isRecalling,
  }: RunningBatch): readonly PooledOutput[] {
    const areAwaited = this.#queue.count(isOfVisitor) > 0;
    if (isBackground) return areAwaited || waiting.some(isOfVisitor) ? waiting : [];
    const isBusy = areAwaited || this.#workers.count().idle === 0;
    if (isBusy || isRecalling || !running || waiting.length === 0) return [];
    const [, part = []] = splitBatch([running, ...waiting], 2, running);
    return part;
  }

  #return(outputs: readonly PooledOutput[]): void {
    if (this.#isStopped) for (const output of outputs) output.fail(createStoppingError());
    else this.#queue.putBack(outputs);
  }

  async #retry(output: PooledOutput, error: WorkerDied): Promise<void> {
    if (output.isRetry) return output.fail(toJobError(error));
    output.beginRetry();
    // the cause may have killed other workers too, which is only now being noticed
    await pause(RETRY_PAUSE_MS);
    if (output.isSettled) return;
    if (this.#isStopped || (output.isBackground && this.#rejectsBackground)) {
      output.fail(createStoppingError());
      return;
    }
    this.#queue.add(output);
    this.#dispatch();
  }
}

function isOfVisitor({ isBackground }: PooledOutput): boolean {
  return !isBackground;
}

/** A second worker died of the job, so that it has too little memory, or crashes the decoder. */
function toJobError(error: WorkerDied): MediaError {
  if (error.isKilled) {
    const problem = "the image process was killed, try again later";
    return new MediaError("overloaded", problem, { cause: error });
  }
  const problem = "the image cannot be made within the memory that one may have";
  return new MediaError("unusable_original", problem, { cause: error });
}

function createStoppingError(): MediaError {
  return new MediaError("overloaded", "the service is stopping");
}
