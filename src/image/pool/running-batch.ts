import { MediaError } from "../../errors.ts";
import type { ImageWorker, WorkerDied, WorkerMessage } from "../worker.ts";
import type { PooledOutput } from "./pooled-output.ts";

interface RunningBatchOptions {
  /** No client waits for its outputs. */
  readonly isBackground: boolean;
  /** How long each output may run. */
  readonly deadlineMs: number;
  /** Called with outputs that have not begun, and go back to the queue. */
  readonly onReturn: (outputs: readonly PooledOutput[]) => void;
  /** Called with an output that its worker has died of. */
  readonly onDeath: (output: PooledOutput, error: WorkerDied) => void;
  /** Called after each answer of the worker. */
  readonly onChange: (batch: RunningBatch) => void;
}

/** The outputs of one original that a worker has. */
export class RunningBatch {
  readonly worker: ImageWorker;
  readonly original: unknown;
  readonly isBackground: boolean;
  readonly #options: RunningBatchOptions;
  /** In the order in which they were sent. */
  readonly #unanswered = new Map<number, PooledOutput>();
  /** Those that are to go back to the queue if they have not begun. */
  readonly #recalled = new Set<number>();
  #total = 0;
  #running: PooledOutput | undefined;
  /** The worker has said that it makes one of them. */
  #hasWorkerBegun = false;
  /** The description of the output that runs, if it is slow. */
  #slow: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(worker: ImageWorker, outputs: readonly PooledOutput[], options: RunningBatchOptions) {
    this.worker = worker;
    this.original = outputs[0]?.original;
    this.isBackground = options.isBackground;
    this.#options = options;
    this.#take(outputs);
    const { bytes = new Uint8Array() } = outputs[0]?.job ?? {};
    const requests = outputs.map(({ request }) => request);
    worker.begin({ bytes, outputs: requests }, (message) => this.#receive(message));
    if (outputs.length === 1) this.#begin(outputs[0]);
    this.#startTimer();
  }

  /** The worker has no output of it any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The number of outputs that it has had in all. */
  get total(): number {
    return this.#total;
  }

  /** The number of outputs that the worker has not answered. */
  get size(): number {
    return this.#unanswered.size;
  }

  has({ id }: PooledOutput): boolean {
    return this.#unanswered.has(id);
  }

  get running(): PooledOutput | undefined {
    return this.#running;
  }

  get isRecalling(): boolean {
    return this.#recalled.size > 0;
  }

  /** The outputs that have not begun, and are not recalled. */
  get waiting(): readonly PooledOutput[] {
    return [...this.#unanswered.values()].filter(
      (output) => !output.hasBegun && !output.isSettled && !this.#recalled.has(output.id),
    );
  }

  add(outputs: readonly PooledOutput[]): void {
    if (outputs.length === 0) return;
    this.#take(outputs);
    this.worker.add(outputs.map(({ request }) => request));
  }

  /** Takes outputs from the worker that have not begun. Those that are wanted return to the queue once it has agreed. */
  recall(outputs: readonly PooledOutput[]): void {
    if (outputs.length === 0) return;
    for (const output of outputs) {
      output.isRecalled = true;
      this.#recalled.add(output.id);
    }
    this.worker.drop(outputs.map(({ id }) => id));
  }

  /** Ends the worker, because nothing else stops what runs. All other outputs return to the queue. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.worker.stop();
    const left = [...this.#unanswered.values()].filter(({ isSettled }) => !isSettled);
    this.#unanswered.clear();
    this.#options.onReturn(left);
    this.#options.onChange(this);
  }

  #take(outputs: readonly PooledOutput[]): void {
    this.#total += outputs.length;
    for (const output of outputs) this.#unanswered.set(output.id, output);
  }

  #begin(output: PooledOutput | undefined): void {
    this.#running = output;
    this.#slow = undefined;
    if (output && !output.isSettled) output.begin();
  }

  #receive(message: WorkerMessage): void {
    if (this.#isOver) return;
    this.#hasWorkerBegun ||= message.kind === "begun";
    if (message.kind === "begun") this.#begin(this.#unanswered.get(message.id));
    else if (message.kind === "slow") this.#slow = message.what;
    else if (message.kind === "dropped") this.#forget(message.ids);
    else if (message.kind === "died") this.#die(message.error);
    else this.#answer(message);
  }

  #answer(message: Extract<WorkerMessage, { kind: "ended" | "failed" }>): void {
    const output = this.#unanswered.get(message.id);
    this.#unanswered.delete(message.id);
    this.#recalled.delete(message.id);
    this.#running = undefined;
    if (output && !output.isSettled) {
      if (message.kind === "failed") output.fail(message.error);
      else output.settle(message.result);
    }
    this.#startTimer();
    this.#finishAnswer();
  }

  #forget(ids: readonly number[]): void {
    const dropped = ids.flatMap((id) => this.#unanswered.get(id) ?? []);
    for (const { id } of dropped) this.#unanswered.delete(id);
    this.#recalled.clear(); // those that have begun stay
    this.#options.onReturn(dropped.filter(({ isSettled }) => !isSettled));
    this.#finishAnswer();
  }

  #finishAnswer(): void {
    this.#isOver = this.#unanswered.size === 0;
    if (this.#isOver) clearTimeout(this.#timer);
    this.#options.onChange(this);
  }

  #die(error: WorkerDied): void {
    const cause = this.#running ?? this.#unanswered.values().next().value;
    if (error.isKilled && !this.#hasWorkerBegun) {
      cause?.waitAgain(); // it was killed while it was idle, which is only now being noticed
      this.end();
      return;
    }
    if (cause) this.#unanswered.delete(cause.id);
    this.end();
    if (cause && !cause.isSettled) this.#options.onDeath(cause, error);
  }

  #startTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#expire(), this.#options.deadlineMs);
  }

  #expire(): void {
    const late = this.#running ?? this.#unanswered.values().next().value;
    late?.fail(createTimeoutError(this.#options.deadlineMs, this.#slow));
    this.end();
  }
}

/** A deadline is of the clock: it never tells whether the image is slow or the machine busy, so no cache may keep it. */
function createTimeoutError(ms: number, slow: string | undefined): MediaError {
  const took = `took longer than ${ms} ms (TRANSFORM_TIMEOUT_MS)`;
  return new MediaError(
    "timeout",
    slow === undefined
      ? `the transform ${took}`
      : `${slow} ${took}: ask for a smaller image or another format`,
  );
}
