import type { ImageFormat, OutputFormat } from "./formats.ts";
import type { Field } from "./options.ts";
import { OPTIONS } from "./options.ts";
import type { Crop, Ratio, TransformSpec } from "./spec.ts";

/** The fields that are written as a spec has them, where a flag can be off as well as absent. */
type Fields = {
  readonly [K in keyof Omit<TransformSpec, "aspectRatio" | "crop" | "format">]?:
    | (true extends TransformSpec[K] ? boolean : NonNullable<TransformSpec[K]>)
    | undefined;
};

/** A transform that gives an image. */
export interface ImageTransform extends Fields {
  /** With one side it gives the other; alone it crops or, with a padding mode, extends. Not beside both sides. */
  readonly aspectRatio?: `${number}:${number}` | number | Ratio | undefined;
  /** Cut out before anything else, in pixels of the upright original unless `unit` says otherwise. Not beside `trim`. */
  readonly crop?: Crop | (Omit<Crop, "unit"> & { readonly unit?: undefined }) | undefined;
  /** Default: by the extension of the key. `auto` depends on the client. */
  readonly format?: ImageFormat | "auto" | undefined;
}

/**
 * A transform as programs write it. Fields that are `undefined` or `false` count as absent. A description (`json`,
 * `thumbhash`, `blurhash`) is of the image after orientation and crop, and has no size.
 *
 * @example { width: 300, aspectRatio: "16:9", gravity: "auto", format: "auto" }
 */
export interface Transform extends Omit<ImageTransform, "format"> {
  /** Default: by the extension of the key. `auto` depends on the client. */
  readonly format?: OutputFormat | "auto" | undefined;
}

/** Brings a transform into the form that the grammar works on, without checking it. */
export function toSpec(transform: Transform): TransformSpec {
  const given = Object.entries(transform).flatMap(([field, value]) =>
    value === undefined || value === false ? [] : [[field, convert(field, value)]],
  );
  return Object.fromEntries(given) as TransformSpec; // each value is one of its field
}

function convert(field: string, value: unknown): unknown {
  const codec = Object.hasOwn(OPTIONS, field) ? OPTIONS[field as Field].codec : undefined;
  return codec?.convert ? codec.convert(value) : value;
}
