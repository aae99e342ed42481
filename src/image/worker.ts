import type { MediaError } from "../errors.ts";
import type { OutputFormat } from "../transform/formats.ts";
import type { TransformSpec } from "../transform/spec.ts";
import type { TransformJob, TransformResult } from "./pipeline/pipeline.ts";

/** A job as the pool gets it. */
export interface ImageJob extends TransformJob {
  /** Names the version of the original. Jobs of one version share work; those without an id share none. */
  readonly originalId?: string | undefined;
}

/** One variant that is made of the original of a batch. */
export interface BatchOutput {
  /** Unique among all outputs of the service. */
  readonly id: number;
  readonly spec: TransformSpec;
  readonly format: OutputFormat;
  readonly skipIfSlow?: boolean | undefined;
  readonly skipIfMoving?: boolean | undefined;
}

/** One original, and what is made of it. */
export interface Batch {
  readonly bytes: Uint8Array;
  readonly outputs: readonly BatchOutput[];
}

export type ImageResult =
  | (Extract<TransformResult, { kind: "made" }> & {
      /** Of the bytes, in hexadecimal digits, where the worker computes it. */
      readonly sha256?: string | undefined;
    })
  | Exclude<TransformResult, { kind: "made" }>;

/** Tells how a batch goes. */
export type WorkerMessage =
  /** The worker makes this output now. */
  | { readonly kind: "begun"; readonly id: number }
  /** The output that is being made is slow: `what` describes it. */
  | { readonly kind: "slow"; readonly id: number; readonly what: string }
  | { readonly kind: "ended"; readonly id: number; readonly result: ImageResult }
  | { readonly kind: "failed"; readonly id: number; readonly error: MediaError }
  /** These had not begun, and will not. */
  | { readonly kind: "dropped"; readonly ids: readonly number[] }
  /** The worker, and not an output, is at fault; nothing else of the batch follows. */
  | { readonly kind: "died"; readonly error: WorkerDied };

/** Makes the outputs of one batch after the other, in an order of its own. */
export interface ImageWorker {
  /** Begins a batch, after all outputs of the one before have ended. It calls back later, not at once. */
  begin(batch: Batch, onMessage: (message: WorkerMessage) => void): void;
  /** Adds outputs to the batch that it has begun last. */
  add(outputs: readonly BatchOutput[]): void;
  /** Drops those of these outputs that have not begun, and says which. */
  drop(ids: readonly number[]): void;
  /** False once it has died, or has made so many variants that another worker should replace it. */
  isFit(): boolean;
  /** Ends the batch; where the worker can be killed, at once. */
  stop(): void;
}

/** The worker ended in the middle of a batch, by a signal or a crash. */
export class WorkerDied extends Error {
  override readonly name = "WorkerDied";
  /** Another process ended it, so that the output need not be the cause. */
  readonly isKilled: boolean;

  constructor(message: string, { isKilled = false }: { readonly isKilled?: boolean } = {}) {
    super(message);
    this.isKilled = isKilled;
  }
}
