import { parseColor } from "./color.ts";
import type { Field } from "./fields.ts";
import { VALUES } from "./options.ts";
import { MAX_TERM } from "./print.ts";
import { reduceRatio } from "./ratio.ts";
import type { Crop, FocalPoint, Gravity, QualityLevel, Quality, Ratio } from "./spec.ts";
import { COMPASS_POINTS, PRESET_NAME, QUALITY_LEVELS, VERSION } from "./spec.ts";

const INTEGER = /^(?:0|-?[1-9]\d{0,9})$/;
const DECIMAL = /^(?:0|[1-9]\d{0,8})(?:\.\d{1,4})?$/;
const FRACTION = /^[01]\.\d{1,4}$/;

/** Reads the value of an option; `undefined` when the text is none. */
export function parseValue(field: Field, text: string): unknown {
  const { kind } = VALUES[field];
  return kind ? PARSERS[kind](text, field) : parseScalar(text, field);
}

const PARSERS = {
  flag: (text: string) => (text === "" ? true : undefined),
  ratio: parseRatio,
  gravity: parseGravity,
  crop: parseCrop,
  quality: parseQuality,
  color: (text: string, field: Field) => {
    const color = parseColor(text);
    return field === "tint" && color?.length !== 6 ? undefined : color; // an opaque one
  },
  version: (text: string) => (VERSION.test(text) ? text : undefined),
  presets: parsePresets,
};

function parseScalar(text: string, field: Field): number | string | undefined {
  const { words = [], ...range } = VALUES[field];
  // anticlockwise, as other services have it: so much less than a full turn
  const isBack = field === "rotate" && /^-[1-9]\d{0,2}$/.test(text);
  const value = isBack ? String(360 + Number(text)) : text;
  return words.find((word) => word === text) ?? parseNumber(value, range);
}

/** Says what a correct value looks like; completes the sentence "… must be …". */
export function expectedOf(field: Field): string {
  const { kind, words = [], min, max, places } = VALUES[field];
  if (kind && kind !== "presets") return EXPECTED[kind];
  const word = (words.length > 1 ? "one of " : "") + words.join(", ");
  if (min === undefined) return word;
  const what = places ? `a number of at most ${places} decimals` : "an integer";
  return `${what} from ${min} to ${max}${word && ` or ${word}`}`;
}

const EXPECTED = {
  flag: "written alone",
  ratio: "like 16:9 or 1.5",
  gravity: `one of ${COMPASS_POINTS.join(", ")}, auto, entropy or a point like 0.3x0.7`,
  crop: "like 10_20_300_200 or 0.1_0.0_0.5_1.0",
  quality: "from 1 to 100, auto, auto:best, auto:eco or auto:low",
  color: "like f00, ff0000 or red",
  version: "letters, digits and hyphens",
};

interface Range {
  readonly min?: number;
  readonly max?: number;
  readonly places?: number;
}

function parseNumber(text: string, { min = 1, max = 0, places = 0 }: Range): number | undefined {
  const isWritten =
    places > 0
      ? DECIMAL.test(text) && (text.split(".")[1] ?? "").length <= places
      : INTEGER.test(text);
  const value = Number(text);
  return isWritten && value >= min && value <= max ? value : undefined;
}

function parseRatio(text: string): Ratio | undefined {
  const [left = "", right, ...rest] = text.split(":");
  if (rest.length > 0) return undefined;
  if (right === undefined) {
    const value = parseNumber(left, { min: 0.0001, max: MAX_TERM, places: 4 });
    return value === undefined ? undefined : reduceRatio(value);
  }
  const width = parseNumber(left, { min: 1, max: MAX_TERM });
  const height = parseNumber(right, { min: 1, max: MAX_TERM });
  return width && height ? reduceRatio(width, height) : undefined;
}

function parseGravity(text: string): Gravity | undefined {
  const word = nameDirection(text);
  if (word === "auto" || word === "entropy") return word;
  return COMPASS_POINTS.find((point) => point === word) ?? parseFocalPoint(text);
}

/** Turns the words of sharp and IPX into ours: `right top`, `northeast`, `centre`. */
function nameDirection(text: string): string {
  const words = text
    .replace("top", "north")
    .replace("bottom", "south")
    .replace("left", "west")
    .replace("right", "east")
    .replace("centre", "center")
    .replace("attention", "auto");
  // either may come first
  return words
    .replace(/^(north|south)[- ]?(east|west)$/, "$1_$2")
    .replace(/^(east|west)[-_ ]?(north|south)$/, "$2_$1");
}

function parseUnit(text: string): number | undefined {
  return parseNumber(text, { min: 0, max: 1, places: 4 });
}

function parseFocalPoint(text: string): FocalPoint | undefined {
  const [x, y, ...rest] = text.split("x").map(parseUnit);
  return x === undefined || y === undefined || rest.length > 0 ? undefined : { x, y };
}

function parseCrop(text: string): Crop | undefined {
  const parts = text.split("_");
  if (parts.length !== 4) return undefined;
  const isFraction = parts.every((part) => FRACTION.test(part));
  const [x, y, width, height] = parts.map((part, index) =>
    isFraction ? parseUnit(part) : parseNumber(part, { min: index < 2 ? 0 : 1, max: 65_535 }),
  );
  if (x === undefined || y === undefined || !width || !height) return undefined;
  return { unit: isFraction ? "fraction" : "pixel", x, y, width, height };
}

/** Levels are written `auto:eco`; `auto` is the default, `good`. */
function parseQuality(text: string): Quality | undefined {
  if (text === "auto") return "good";
  const level = QUALITY_LEVELS.find((name): name is QualityLevel => text === `auto:${name}`);
  return level ?? parseNumber(text, { min: 1, max: 100 });
}

function parsePresets(text: string): readonly string[] | undefined {
  const names = text.split(".");
  return names.every((name) => PRESET_NAME.test(name)) ? names : undefined;
}
