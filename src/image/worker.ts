import type { TransformJob, TransformResult } from "./pipeline/pipeline.ts";

/** A file on this machine as it was when the store found it to be the original. */
export interface OriginalFile {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** Time of the last write, in nanoseconds. */
  readonly modified: string;
  readonly inode: string;
}

/** A job as workers get it. */
export interface WorkerJob extends TransformJob {
  /** Where the original is, for the worker to read: `bytes` are then only the beginning of it. */
  readonly file?: OriginalFile | undefined;
}

type Made = Extract<TransformResult, { kind: "made" }> & {
  /** Of the bytes, in hexadecimal digits, where the worker computes it. */
  readonly sha256?: string;
};

/** `moved`: the file has changed since the store found it, or the worker cannot read it. */
export type WorkerResult =
  | Made
  | Exclude<TransformResult, { kind: "made" }>
  | { readonly kind: "moved" };

/** The next job of a worker shares nothing with this one, its original, or also its decode. */
type NextJob = "nothing" | "original" | "decode";

/** Tells a worker how its next job relates to this one, so that it keeps what both share. */
export interface Handover {
  readonly next: NextJob;
  /** True if a job of the same image, in another format or quality, comes next. */
  readonly sharesImage: boolean;
}

export interface RunOptions extends Handover {
  /** Ends the job; where the worker can be killed, at once. */
  readonly signal: AbortSignal;
  /** Called before a slow image is made, with a description of it. */
  readonly onSlow: (what: string) => void;
}

/** Makes one variant at a time. */
export interface ImageWorker {
  /** The libraries that it makes variants with, and their versions. */
  readonly engine: string;
  /** @throws WorkerDied when the worker, and not the job, is at fault */
  run(job: WorkerJob, options: RunOptions): Promise<WorkerResult>;
  /** Drops what it keeps for a next job. */
  forget(): void;
  /** False once it has died, or has made so many variants that another worker should replace it. */
  isFit(): boolean;
  stop(): void;
}

/** The worker ended in the middle of a job, by a signal or a crash. */
export class WorkerDied extends Error {
  override readonly name = "WorkerDied";
  /** Another process ended it, so that the job need not be the cause. */
  readonly isKilled: boolean;

  constructor(message: string, { isKilled = false }: { readonly isKilled?: boolean } = {}) {
    super(message);
    this.isKilled = isKilled;
  }
}
