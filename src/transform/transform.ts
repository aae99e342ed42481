import type { Crop, Ratio, TransformSpec } from "./spec.ts";
import type { DescriptionFormat, ImageFormat } from "./formats.ts";
import type { Field } from "./options.ts";
import { OPTIONS } from "./options.ts";

/**
 * A transform as programs write it. Fields that are `undefined` or `false` count as absent.
 *
 * @example { width: 300, aspectRatio: "16:9", gravity: "auto", format: "auto" }
 */
export type Transform = ImageTransform | DescriptionTransform;

/** The image itself, changed. */
export type ImageTransform = Sides & Cut & Common & Looks;

/** A description of the image after orientation and crop: JSON, or the hash of a placeholder. */
export type DescriptionTransform = Cut &
  Common & { readonly format: DescriptionFormat; readonly rotate?: "ignore" | undefined };

/** Of two sides and their ratio at most two can be asked for. */
type Sides =
  | { readonly width?: Side; readonly height?: Side; readonly aspectRatio?: undefined }
  | { readonly width?: Side; readonly height?: undefined; readonly aspectRatio: AspectRatio }
  | { readonly width?: undefined; readonly height?: Side; readonly aspectRatio: AspectRatio };

/** In pixels, 1 to 8192. */
type Side = number | undefined;
type AspectRatio = `${number}:${number}` | number | Ratio;

/** Borders are trimmed, or a region is cut out. */
type Cut =
  | { readonly crop?: Region | Crop | undefined; readonly trim?: undefined }
  /** How alike, 0 to 255, what is trimmed has to be to the corner. */
  | { readonly crop?: undefined; readonly trim?: number | undefined };

/** In pixels of the upright original. */
type Region = Omit<Crop, "unit"> & { readonly unit?: undefined };

interface Common {
  readonly attachment?: boolean | undefined;
  /** Letters, digits and hyphens; a URL that has a version is kept by caches for a year. */
  readonly version?: string | undefined;
  /** Unix time in seconds; for signed URLs only. */
  readonly expires?: number | undefined;
}

/** Fields with types of their own, since they exclude each other. */
type OwnField = "width" | "height" | "aspectRatio" | "crop" | "trim" | "format" | keyof Common;

type Looks = {
  readonly [K in keyof TransformSpec as Exclude<K, OwnField>]?: Loosely<TransformSpec[K]>;
} & {
  /** Default: by the extension of the key. */
  readonly format?: ImageFormat | "auto" | undefined;
};

/** A flag can be off as well as absent. */
type Loosely<T> = (true extends T ? boolean : NonNullable<T>) | undefined;

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
