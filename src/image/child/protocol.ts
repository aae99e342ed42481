import type { ErrorCode } from "../../errors.ts";
import type { ImageLimits } from "../input/limits.ts";
import type { Batch, BatchOutput, ImageResult, WorkerMessage } from "../worker.ts";

/** File descriptor of the pipe between an image process and the service. */
export const CHANNEL_FD = 3;

/** The header of a message of the service; the body of `batch` is the original. */
export type RequestHeader =
  /** The first message. */
  | { readonly kind: "limits"; readonly limits: ImageLimits }
  | ({ readonly kind: "batch" } & Omit<Batch, "bytes">)
  | { readonly kind: "add"; readonly outputs: readonly BatchOutput[] }
  | { readonly kind: "drop"; readonly ids: readonly number[] };

type Made = Extract<ImageResult, { kind: "made" }>;

/** The header of a message of an image process; the body of `made` is the variant. */
export type ResponseHeader =
  | { readonly kind: "ready" }
  | Exclude<WorkerMessage, { kind: "ended" | "failed" | "died" }>
  | (Answer & Omit<Made, "bytes">)
  | (Answer & Exclude<ImageResult, Made>)
  | (Answer & {
      readonly kind: "failed";
      readonly code: ErrorCode;
      readonly message: string;
      /** The words of the decoder, for the log. */
      readonly detail: string;
    })
  /** The process has run out of memory, and should be replaced. */
  | { readonly kind: "exhausted"; readonly detail: string };

interface Answer {
  readonly id: number;
  /** Resident memory of the process, in bytes. */
  readonly rss: number;
}
