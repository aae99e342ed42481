import { invalidTransform, MediaError } from "../errors.ts";
import type { OutputFormat } from "./formats.ts";
import { getKeyFormat } from "./negotiate.ts";
import { checkCombination, compact, foldSize, multiply, normalizeTransform } from "./normalize.ts";
import type { Field } from "./options.ts";
import { FIELDS, OPTIONS, printPiece, printTransform, printValue } from "./options.ts";
import { expandPresets } from "./presets.ts";
import type { Gravity, Presets, Quality, Ratio, TransformSpec } from "./spec.ts";

/** The transforms that need no signature; with one, everything is allowed. */
export interface AccessPolicy {
  /** Anything within the bounds. */
  readonly isOpen: boolean;
  /** Presets: up to three of them, in any format, at the usual pixel ratios. */
  readonly hasPresets: boolean;
  /** Values and options that are on lists. */
  readonly allowed?: AllowedLists;
}

/** The values and options that need no signature. */
export interface AllowedLists {
  /** In pixels, ascending: a width in between is taken for the next larger one. */
  readonly widths: readonly number[];
  readonly heights: readonly number[];
  readonly ratios: readonly Ratio[];
  readonly qualities: readonly Quality[];
  /** Names of options: `w`, `e`. */
  readonly options: readonly string[];
}

/** How many presets an unsigned request may combine. */
const MAX_PRESETS = 3;

/** Pixel ratios of screens, which may multiply the sizes of presets. */
const USUAL_DPRS: readonly number[] = [1, 1.5, 2, 3];

/**
 * Lets an unsigned transform through, its presets expanded and its sizes snapped.
 *
 * @throws MediaError `not_allowed`; `invalid_transform` for sizes above the largest that is listed
 */
export function permitTransform(
  policy: AccessPolicy,
  typed: TransformSpec,
  presets: Presets,
): TransformSpec {
  const spec = expandPresets(typed, presets);
  if (policy.isOpen) return spec;
  if (policy.hasPresets && hasOnlyPresets(typed)) return spec;
  if (policy.allowed) return applyLists(policy.allowed, typed, spec);
  // without any permission at all there is nothing to explain
  if (!policy.hasPresets) throw new MediaError("not_allowed", "a signature is needed");
  const names = [...presets.keys()].map((name) => `t_${name}`).join(", ");
  const problem = `only presets are allowed here, up to ${MAX_PRESETS} of ${names}`;
  throw new MediaError("not_allowed", `${problem}, beside f_ and dpr_ of 1, 1.5, 2 or 3`);
}

function hasOnlyPresets(typed: TransformSpec): boolean {
  const { presets = [] } = typed;
  const fields = FIELDS.filter((field) => typed[field] !== undefined);
  return (
    presets.length > 0 &&
    presets.length <= MAX_PRESETS &&
    hasUsualDpr(typed) &&
    fields.every((field) => ["presets", "format", "dpr"].includes(field))
  );
}

function hasUsualDpr({ dpr = 1 }: TransformSpec): boolean {
  return USUAL_DPRS.includes(dpr);
}

/**
 * Checks a transform against lists, and snaps its sizes up to them.
 *
 * @param typed what the request says
 * @param spec the same with its presets expanded; what they say needs no permission
 * @throws MediaError `not_allowed` naming what is not on the lists, `invalid_transform` for a size above
 * the largest
 */
function applyLists(lists: AllowedLists, typed: TransformSpec, spec: TransformSpec): TransformSpec {
  checkCombination(spec);
  checkOptions(lists, typed);
  checkQuality(lists, typed);
  checkPresets(typed);
  const { gravity, width, height, aspectRatio, dpr, presets } = typed;
  const snapped = gravity ? { ...spec, gravity: snapPoint(gravity) } : spec;
  const isSized = width ?? height ?? aspectRatio ?? (presets ? undefined : dpr);
  return isSized ? snapSize(lists, snapped) : snapped;
}

function checkOptions({ options, qualities }: AllowedLists, typed: TransformSpec): void {
  const allowed = [...options, ...(qualities.length > 0 ? [OPTIONS.quality.name] : [])];
  const extra = FIELDS.find(
    (field) => typed[field] !== undefined && !allowed.includes(OPTIONS[field].name),
  );
  if (!extra) return;
  const problem = `option "${OPTIONS[extra].label}" is not allowed here`;
  throw new MediaError("not_allowed", `${problem}, only ${allowed.join(", ")}`);
}

function checkQuality({ qualities }: AllowedLists, typed: TransformSpec): void {
  const { quality = "good" } = typed;
  if (quality === "good" || qualities.includes(quality)) return;
  throw refuseValue(typed, "quality", qualities);
}

/** Presets need no permission, but what can be made of them has bounds. */
function checkPresets(typed: TransformSpec): void {
  const { presets = [], width, height, aspectRatio } = typed;
  if (presets.length > MAX_PRESETS) throw refuseValue(typed, "presets", []);
  const hasTheirSize = presets.length > 0 && !width && !height && !aspectRatio;
  if (hasTheirSize && !hasUsualDpr(typed)) throw refuseValue(typed, "dpr", USUAL_DPRS);
}

/** A point has as many places as an image has pixels; twenty steps to a side are enough. */
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
    throw refuseValue(folded, "aspectRatio", lists.ratios);
  }
  if (!width && !height) return folded;
  if (!width) return { ...folded, height: snapUp(lists.heights, folded, "height") };
  const snapped = snapUp(lists.widths, folded, "width");
  if (!height) return { ...folded, width: snapped };
  return { ...folded, width: snapped, height: scaleHeight(lists, { width, height }, snapped) };
}

/** The height goes with the width, and has to be on a list then, by itself or by its ratio. */
function scaleHeight(lists: AllowedLists, { width: w, height: h }: Ratio, width: number): number {
  const ratio = lists.ratios.find((listed) => isOfRatio(listed, w, h));
  if (ratio) return multiply(width, ratio.height, ratio.width);
  const height = multiply(h, width, w);
  if (lists.heights.includes(height)) return height;
  const becomes = width === w ? "" : `, which comes to "w_${width},h_${height}",`;
  const listed = [
    printValues("height", lists.heights),
    printValues("aspectRatio", lists.ratios),
  ].filter(Boolean);
  const only = listed.length > 0 ? `heights and ratios of ${listed.join(", ")}` : "a width alone";
  throw new MediaError(
    "not_allowed",
    `"w_${w},h_${h}"${becomes} is not allowed here, only ${only}`,
  );
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
  if (list.length === 0) throw refuseValue(spec, field, []);
  throw invalidTransform(`the ${field} must be at most ${list.at(-1)} here, got ${asked}`);
}

function refuseValue<F extends Field>(
  spec: TransformSpec,
  field: F,
  list: readonly NonNullable<TransformSpec[F]>[],
): MediaError {
  const value = spec[field];
  const piece = value === undefined ? OPTIONS[field].label : printPiece(field, value);
  const only = list.length > 0 ? `, only ${printValues(field, list)}` : "";
  return new MediaError("not_allowed", `"${piece}" is not allowed here${only}`);
}

/** Prints values of an option as they are typed. */
export function printValues<F extends Field>(
  field: F,
  values: readonly NonNullable<TransformSpec[F]>[],
): string {
  return values.map((value) => printValue(field, value)).join(", ");
}

/** A variant that is asked for by its own name. */
interface StoredVariant {
  readonly key: string;
  /** Normalized. */
  readonly spec: TransformSpec;
  readonly format: OutputFormat;
}

/** Says if an unsigned request could have led to this variant. */
export type StoredCheck = (stored: StoredVariant) => boolean;

/** Makes the check of stored forms; the products of presets are worked out once for each format. */
export function createStoredCheck(policy: AccessPolicy, presets: Presets): StoredCheck {
  const { isOpen, hasPresets, allowed } = policy;
  const mayName = hasPresets || allowed?.options.includes(OPTIONS.presets.name);
  const known = new Map<OutputFormat, PresetProducts>();
  const getProducts = (format: OutputFormat): PresetProducts => {
    const products = known.get(format) ?? listProducts(mayName ? presets : new Map(), format);
    known.set(format, products);
    return products;
  };
  return (stored) => {
    if (isOpen) return true;
    const products = getProducts(stored.format);
    if (products.specs.has(printTransform(stored.spec))) return true;
    return allowed !== undefined && isListed(allowed, stored, products);
  };
}

/** True for a variant that the lists leave as it is, but for what presets may have brought along. */
function isListed(
  lists: AllowedLists,
  { key, spec, format }: StoredVariant,
  products: PresetProducts,
): boolean {
  const { size, rest } = splitSize(spec);
  const typed = products.rests.has(printTransform(rest)) ? size : spec;
  const isImplied = format === getKeyFormat(key);
  try {
    const snapped = applyLists(lists, isImplied ? typed : { ...typed, format }, spec);
    return printTransform(normalizeTransform(snapped, format)) === printTransform(spec);
  } catch (error) {
    if (error instanceof MediaError) return false;
    throw error;
  }
}

/** The canonical texts of what presets give for one format. */
interface PresetProducts {
  readonly specs: ReadonlySet<string>;
  /** The same without sizes, which may be typed beside them. */
  readonly rests: ReadonlySet<string>;
}

function splitSize(spec: TransformSpec): {
  readonly size: TransformSpec;
  readonly rest: TransformSpec;
} {
  const { width, height, aspectRatio, mode, gravity, ...rest } = spec;
  return { size: compact({ width, height, aspectRatio, mode, gravity }), rest };
}

/** Beyond this many combinations only shorter ones are known: each is worked out for each format. */
const MAX_COMBINATIONS = 1000;

/** Works out all presets, alone and combined, at the usual pixel ratios. */
function listProducts(presets: Presets, format: OutputFormat): PresetProducts {
  const specs = new Set<string>();
  const rests = new Set<string>();
  for (const names of combine([...presets.keys()])) {
    for (const dpr of USUAL_DPRS) {
      const spec = tryNormalize(expandPresets({ presets: names, dpr }, presets), format);
      if (!spec) continue;
      specs.add(printTransform(spec));
      rests.add(printTransform(splitSize(spec).rest));
    }
  }
  return { specs, rests };
}

function tryNormalize(spec: TransformSpec, format: OutputFormat): TransformSpec | undefined {
  try {
    return normalizeTransform(spec, format);
  } catch (error) {
    if (error instanceof MediaError) return undefined; // these do not go together
    throw error;
  }
}

function combine(names: readonly string[]): readonly (readonly string[])[] {
  let longest: readonly (readonly string[])[] = [[]];
  const all: (readonly string[])[] = [];
  for (let length = 1; length <= MAX_PRESETS; length += 1) {
    longest = longest.flatMap((some) =>
      names.filter((name) => !some.includes(name)).map((name) => [...some, name]),
    );
    if (length > 1 && all.length + longest.length > MAX_COMBINATIONS) break;
    all.push(...longest);
  }
  return all;
}
