import type { MediaError } from "../errors.ts";
import { invalidTransform } from "../errors.ts";
import type { Field } from "./fields.ts";
import { FIELDS, LABELS, nameOf } from "./fields.ts";
import { compact, foldCrop, normalizeImage } from "./normalize-image.ts";
import { VALUES } from "./options.ts";
import type { TransformSpec } from "./spec.ts";
import type { OutputFormat } from "./formats.ts";
import { isImageFormat } from "./formats.ts";

/**
 * Gives the one spec that stands for every spelling of the same image: `dpr` and `aspectRatio` are
 * folded into the sides, and what is a default or cannot change the bytes is dropped. The format is
 * given beside it and is no part of the result. Presets have to be expanded before. Pure and idempotent.
 *
 * @param format the concrete output format, or `auto` where it is not known yet
 * @throws MediaError `invalid_transform` when options contradict each other or leave the bounds.
 */
export function normalizeTransform(
  spec: TransformSpec,
  format: OutputFormat | "auto",
): TransformSpec {
  checkCompany(spec);
  if (!isImageFormat(format)) return normalizeDescription(spec, format);
  const normalized = normalizeImage(spec, format);
  checkBounds(normalized);
  return normalized;
}

/** @throws MediaError `invalid_transform` for options that cannot be meant together. */
export function checkCompany({
  crop,
  trim,
  width,
  height,
  aspectRatio,
  mode,
}: TransformSpec): void {
  if (crop && trim !== undefined) throw clash("trim", '"crop"');
  if (!aspectRatio) return;
  if (width && height) throw clash("ar", 'both "w" and "h"');
  // alone it has no box to be inside of or to be stretched to
  if (!width && !height && /limit|fit|scale/.test(mode ?? "")) {
    throw clash("ar", `"c_${mode}" without "w" or "h"`);
  }
}

function clash(option: string, company: string): MediaError {
  return invalidTransform(`option "${option}" must not stand beside ${company}`);
}

/** What pixel ratio and aspect ratio have made of the sizes. */
function checkBounds(spec: TransformSpec): void {
  for (const field of ["width", "height", "radius"] as const) {
    const { max = 0 } = VALUES[field];
    const value = spec[field];
    if (Number(value) > max) {
      const problem = `option "${LABELS[field]}" must be at most ${max}`;
      throw invalidTransform(`${problem}, but comes to ${value}`);
    }
  }
}

/** What can be said of an image, and what can only be done to one. */
function normalizeDescription(spec: TransformSpec, format: OutputFormat): TransformSpec {
  const extra = FIELDS.find((field) => spec[field] !== undefined && changesImage(field));
  if (extra) throw clash(LABELS[extra], `"f_${format}", which describes the original`);
  const { trim, version, attachment } = spec;
  const rotate = spec.rotate === "ignore" ? spec.rotate : undefined;
  return compact({ crop: foldCrop(spec), trim, rotate, version, attachment });
}

function changesImage(field: Field): boolean {
  return /^(?:[whcqre]|ar)$/.test(nameOf(field));
}
