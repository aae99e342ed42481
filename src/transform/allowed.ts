import { invalidTransform, MediaError } from "../errors.ts";
import type { Field } from "./fields.ts";
import { FIELDS, LABELS, nameOf } from "./fields.ts";
import { foldSize, multiply } from "./fold.ts";
import { compact } from "./normalize-image.ts";
import { checkCompany } from "./normalize.ts";
import { printPiece } from "./print.ts";
import type { Gravity, Quality, Ratio, TransformSpec } from "./spec.ts";

/** What may be asked for without a signature. */
export interface AllowedLists {
  /** In pixels, ascending: a width in between is taken for the next larger one. */
  readonly widths: readonly number[];
  readonly heights: readonly number[];
  readonly ratios: readonly Ratio[];
  readonly qualities: readonly Quality[];
  /** Names of options: `w`, `e`. */
  readonly options: readonly string[];
}

/** How many presets may be combined by anybody. */
export const MAX_PRESETS = 3;

/** Pixel ratios that sizes of presets may be multiplied by. */
const RATIOS: readonly (number | undefined)[] = [undefined, 1, 1.5, 2, 3];

/** Whether sizes that were not typed are multiplied by no more than what screens have. */
export function hasUsualDpr({ dpr }: TransformSpec): boolean {
  return RATIOS.includes(dpr);
}

/**
 * Checks a transform against lists, and snaps its sizes up to them.
 *
 * @param typed what the request says
 * @param spec the same with its presets expanded; what they say needs no permission
 * @throws MediaError `not_allowed` naming what is not on the lists, `invalid_transform` for a size above
 * the largest
 */
export function applyLists(
  lists: AllowedLists,
  typed: TransformSpec,
  spec: TransformSpec,
): TransformSpec {
  checkCompany(spec);
  checkOptions(lists, typed);
  checkQuality(lists, typed);
  checkPresets(typed);
  const { gravity, width, height, aspectRatio, dpr, presets } = typed;
  const snapped = gravity ? { ...spec, gravity: snapPoint(gravity) } : spec;
  const isSized = width ?? height ?? aspectRatio ?? (presets ? undefined : dpr);
  return isSized ? snapSize(lists, snapped) : snapped;
}

/** Presets need no permission, but what can be made of them has bounds. */
function checkPresets(typed: TransformSpec): void {
  const { presets = [], width, height, aspectRatio } = typed;
  if (presets.length > MAX_PRESETS) throw notAllowed(typed, "presets", []);
  const isTheirSize = presets.length > 0 && !width && !height && !aspectRatio;
  if (isTheirSize && !hasUsualDpr(typed)) throw notAllowed(typed, "dpr", RATIOS.slice(1));
}

function checkOptions({ options, qualities }: AllowedLists, typed: TransformSpec): void {
  const allowed = [...options, ...(qualities.length > 0 ? ["q"] : [])];
  const extra = FIELDS.find(
    (field) => typed[field] !== undefined && !allowed.includes(nameOf(field)),
  );
  if (!extra) return;
  const problem = `option "${LABELS[extra]}" is not allowed here, only ${allowed.join(", ")}`;
  throw new MediaError("not_allowed", problem);
}

function checkQuality({ qualities }: AllowedLists, typed: TransformSpec): void {
  const { quality = "good" } = typed;
  if (quality === "good" || qualities.includes(quality)) return;
  throw notAllowed(typed, "quality", qualities);
}

/** A point has as many places as an image has pixels; twenty steps to a side will do. */
function snapPoint(gravity: Gravity): Gravity {
  if (typeof gravity !== "object") return gravity;
  return { x: snapFraction(gravity.x), y: snapFraction(gravity.y) };
}

function snapFraction(fraction: number): number {
  return Math.round(fraction * 20) / 20;
}

function snapSize(lists: AllowedLists, spec: TransformSpec): TransformSpec {
  const folded = compact(foldSize(spec));
  const { width, height, aspectRatio } = folded;
  if (aspectRatio) {
    if (hasRatio(lists, aspectRatio)) return folded;
    throw notAllowed(folded, "aspectRatio", lists.ratios);
  }
  if (!width && !height) return folded;
  if (!width) return { ...folded, height: snapUp(lists.heights, folded, "height") };
  const snapped = snapUp(lists.widths, folded, "width");
  if (!height) return { ...folded, width: snapped };
  return { ...folded, width: snapped, height: scaleHeight(lists, spec, snapped) };
}

/** The height goes with the width, and has to be on a list then, by itself or by its ratio. */
function scaleHeight(lists: AllowedLists, spec: TransformSpec, width: number): number {
  const { width: w = 1, height: h = 1 } = compact(foldSize(spec));
  const ratio = lists.ratios.find((listed) => isOfRatio(listed, w, h));
  if (ratio) return multiply(width, ratio.height, ratio.width);
  const height = multiply(h, width, w);
  if (lists.heights.includes(height)) return height;
  const becomes = width === w ? "" : `, which comes to "w_${width},h_${height}",`;
  const listed = printList([...lists.heights, ...lists.ratios]);
  const problem = `"w_${w},h_${h}"${becomes} is not allowed here`;
  throw new MediaError("not_allowed", `${problem}, only heights and ratios of ${listed}`);
}

/** Sides are whole pixels: a ratio that was folded into one of them is as good as exact. */
function isOfRatio(ratio: Ratio, width: number, height: number): boolean {
  return (
    multiply(width, ratio.height, ratio.width) === height ||
    multiply(height, ratio.width, ratio.height) === width
  );
}

function hasRatio({ ratios }: AllowedLists, { width, height }: Ratio): boolean {
  return ratios.some((ratio) => ratio.width === width && ratio.height === height);
}

function snapUp(list: readonly number[], spec: TransformSpec, field: "width" | "height"): number {
  const asked = spec[field] ?? 0;
  const next = list.find((size) => size >= asked);
  if (next) return next;
  if (list.length === 0) throw notAllowed(spec, field, []);
  throw invalidTransform(`the ${field} must be at most ${list.at(-1)} here, got ${asked}`);
}

function notAllowed(
  spec: TransformSpec,
  field: Field,
  list: readonly (Quality | Ratio | undefined)[],
): MediaError {
  const value = spec[field];
  const piece = value === undefined ? LABELS[field] : printPiece(field, value);
  const only = list.length > 0 ? `, only ${printList(list)}` : "";
  return new MediaError("not_allowed", `"${piece}" is not allowed here${only}`);
}

/** Values as they are typed. */
export function printList(list: readonly (Quality | Ratio | undefined)[]): string {
  return list.map(printListed).join(", ");
}

function printListed(value: Quality | Ratio | undefined): string {
  if (typeof value === "object") return `${value.width}:${value.height}`;
  return typeof value === "string" ? `auto:${value}` : String(value);
}
