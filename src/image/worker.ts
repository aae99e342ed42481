import type { TransformJob, TransformResult } from "./pipeline.ts";

/** Something that makes one variant at a time. */
export interface Worker {
  /** What it makes variants with, and in which versions. */
  readonly engine: string;
  /**
   * @param signal ends the job; where the worker can be killed, at once
   * @throws WorkerDied when the worker, and not the job, is at fault
   */
  run(job: TransformJob, signal: AbortSignal): Promise<TransformResult>;
  /** False once it has died, or has done so much that another should take its place. */
  isFit(): boolean;
  stop(): void;
}

/** The worker ended in the middle of a job, by a signal or a crash. */
export class WorkerDied extends Error {
  override readonly name = "WorkerDied";
  /** Somebody else ended it: the job need not have to do with it. */
  readonly isKilled: boolean;

  constructor(message: string, { isKilled = false }: { readonly isKilled?: boolean } = {}) {
    super(message);
    this.isKilled = isKilled;
  }
}
