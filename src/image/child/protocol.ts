import type { ErrorCode } from "../../errors.ts";
import type { TransformSpec } from "../../transform/spec.ts";
import type { OutputFormat } from "../../transform/formats.ts";
import type { ImageLimits } from "../input/limits.ts";
import type { OriginalFile, Prospect } from "../worker.ts";

/** The file descriptor of the pipe between a child and the service. */
export const CHANNEL_FD = 3;

/** The header of a frame of the service. */
export type ServiceHeader =
  | (Prospect & {
      readonly kind: "job";
      readonly spec: TransformSpec;
      readonly format: OutputFormat;
      readonly skipIfSlow: boolean | undefined;
      readonly limits: ImageLimits;
      /** Where the original is, if the child is to read it. */
      readonly file: OriginalFile | undefined;
      /** The original is that of the last job; otherwise it is the file, or the body. */
      readonly isKept: boolean;
    })
  | { readonly kind: "release" };

/** The header of a child's frame; the body of `done` is the variant. */
export type ChildHeader =
  | { readonly kind: "ready"; readonly engine: string }
  | {
      readonly kind: "done";
      readonly width: number;
      readonly height: number;
      /** Of the body, in hexadecimal digits: it keeps the service for longer than it does a child. */
      readonly sha256: string;
      /** Resident memory of the child, in bytes. */
      readonly rss: number;
    }
  /** It will take long, and is being made. */
  | { readonly kind: "slow"; readonly what: string }
  | { readonly kind: "too_slow"; readonly rss: number }
  /** The file is not what it was, or cannot be read. */
  | { readonly kind: "moved"; readonly rss: number }
  /** The child has run out of memory, and had better be replaced. */
  | { readonly kind: "exhausted"; readonly detail: string }
  | {
      readonly kind: "failed";
      readonly code: ErrorCode;
      readonly message: string;
      /** What the decoder said: for the log. */
      readonly detail: string;
      readonly rss: number;
    };
