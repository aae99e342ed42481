import { BatchRunner } from "../child/batch-runner.ts";
import type { ImageLimits } from "../input/limits.ts";
import { prepareEngine } from "../sharp/engine.ts";
import type { Batch, BatchOutput, ImageWorker, WorkerMessage } from "../worker.ts";

/**
 * Makes variants in this process, where there can be no other: in a function that is billed by the request, for
 * example. An output that hangs cannot be stopped here. Its caller is answered in time, and the next batch waits for it.
 */
class InlineWorker implements ImageWorker {
  readonly #limits: ImageLimits;
  #runner: BatchRunner | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(limits: ImageLimits) {
    this.#limits = limits;
  }

  begin({ bytes, outputs }: Batch, onMessage: (message: WorkerMessage) => void): void {
    this.#runner = new BatchRunner({ bytes, limits: this.#limits, onMessage });
    this.add(outputs);
  }

  add(outputs: readonly BatchOutput[]): void {
    const runner = this.#runner;
    runner?.add(outputs);
    this.#last = this.#last.then(() => runner?.run());
  }

  drop(ids: readonly number[]): void {
    const runner = this.#runner;
    queueMicrotask(() => runner?.drop(ids));
  }

  isFit(): boolean {
    return true;
  }

  stop(): void {
    this.#runner?.clear();
  }
}

export async function startInlineWorker(limits: ImageLimits): Promise<ImageWorker> {
  await prepareEngine();
  return new InlineWorker(limits);
}
