import type { TransformJob, TransformResult } from "./pipeline.ts";

/**
 * What is to come after a job: nothing that has to do with it, another job of the same original, or one
 * that can share its decode.
 */
export type Follow = "nothing" | "original" | "decode";

export interface RunOptions {
  /** Ends the job; where the worker can be killed, at once. */
  readonly signal: AbortSignal;
  readonly follow: Follow;
  /** Called with what a picture is that takes long, before it is made. */
  readonly onSlow: (what: string) => void;
}

/** Something that makes one variant at a time. */
export interface Worker {
  /** What it makes variants with, and in which versions. */
  readonly engine: string;
  /** @throws WorkerDied when the worker, and not the job, is at fault */
  run(job: TransformJob, options: RunOptions): Promise<TransformResult>;
  /** Forgets what it has kept for a job that was to follow. */
  release(): void;
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
