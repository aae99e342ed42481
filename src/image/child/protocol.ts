import type { ErrorCode } from "../../errors.ts";
import type { TransformSpec } from "../../transform/spec.ts";
import type { OutputFormat } from "../../transform/formats.ts";
import type { ImageLimits } from "../input/limits.ts";
import type { OriginalFile, Handover } from "../worker.ts";

/** File descriptor of the pipe between an image process and the service. */
export const CHANNEL_FD = 3;

/** The header of a message of the service. */
export type RequestHeader =
  | (Handover & {
      readonly kind: "job";
      readonly spec: TransformSpec;
      readonly format: OutputFormat;
      readonly skipIfSlow: boolean | undefined;
      readonly limits: ImageLimits;
      /** Where the original is, for the image process to read. */
      readonly file: OriginalFile | undefined;
      /** The original is that of the last job, which the process has cached; otherwise it is the file, or the body. */
      readonly isCached: boolean;
    })
  | { readonly kind: "forget" };

/** The header of a message of an image process; the body of `done` is the variant. */
export type ResponseHeader =
  | { readonly kind: "ready"; readonly engine: string }
  | {
      readonly kind: "done";
      readonly width: number;
      readonly height: number;
      /** Of the body, in hexadecimal digits. The service has less time for it. */
      readonly sha256: string;
      /** Resident memory of the process, in bytes. */
      readonly rss: number;
    }
  /** A slow variant has begun. */
  | { readonly kind: "slow"; readonly what: string }
  | { readonly kind: "too_slow"; readonly rss: number }
  /** The file has changed, or cannot be read. */
  | { readonly kind: "moved"; readonly rss: number }
  /** The process has run out of memory, and should be replaced. */
  | { readonly kind: "exhausted"; readonly detail: string }
  | {
      readonly kind: "failed";
      readonly code: ErrorCode;
      readonly message: string;
      /** The words of the decoder, for the log. */
      readonly detail: string;
      readonly rss: number;
    };
