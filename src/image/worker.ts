import type { TransformJob, TransformResult } from "./pipeline/pipeline.ts";

/** A file of this machine as it was when it was found to be the original. */
export interface OriginalFile {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** When it was written, in nanoseconds. */
  readonly modified: string;
  readonly inode: string;
}

/** A job as it is given to workers. */
export interface WorkerJob extends TransformJob {
  /** Where the original is: its `bytes` are no more than how it begins, and the worker reads it. */
  readonly file?: OriginalFile | undefined;
}

type Made = Extract<TransformResult, { kind: "made" }> & {
  /** Of the bytes, in hexadecimal digits, if the worker has worked it out. */
  readonly sha256?: string;
};

/** `moved`: the file of the original is another one by now, or cannot be read by the worker. */
export type WorkerResult =
  | Made
  | Exclude<TransformResult, { kind: "made" }>
  | { readonly kind: "moved" };

/**
 * What is to come after a job: nothing that has to do with it, another job of the same original, or one
 * that can share its decode.
 */
type Follow = "nothing" | "original" | "decode";

/** What a worker is to be ready for. */
export interface Prospect {
  readonly follow: Follow;
  /** Whether a job of the same image, in another format or quality, comes next. */
  readonly isTwinned: boolean;
}

export interface RunOptions extends Prospect {
  /** Ends the job; where the worker can be killed, at once. */
  readonly signal: AbortSignal;
  /** Called with what an image is that takes long, before it is made. */
  readonly onSlow: (what: string) => void;
}

/** Something that makes one variant at a time. */
export interface Worker {
  /** What it makes variants with, and in which versions. */
  readonly engine: string;
  /** @throws WorkerDied when the worker, and not the job, is at fault */
  run(job: WorkerJob, options: RunOptions): Promise<WorkerResult>;
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
