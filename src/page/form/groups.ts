import { COLOR, OPAQUE_COLOR } from "../../transform/codecs.ts";
import type { Field, Option } from "../../transform/options.ts";
import { FIELDS, OPTIONS } from "../../transform/options.ts";
import { OPTION_WORDS } from "../option-words.ts";

/** A group of options in the form. */
export interface Group {
  readonly title: string;
  readonly fields: readonly Field[];
}

const TITLES = {
  size: "Size",
  cut: "Focus and crop",
  color: "Background and corners",
  turn: "Rotation",
  effects: "Effects",
  output: "Output",
  request: "In the URL only",
} as const;

/** The groups of the form, with all options of the table. */
export const GROUPS: readonly Group[] = Object.entries(TITLES).map(([name, title]) => ({
  title,
  fields: FIELDS.filter((field) => nameGroup(field) === name),
}));

function nameGroup(field: Field): keyof typeof TITLES {
  const { name, affects } = OPTIONS[field];
  if (name === "e") return "effects";
  if (affects === "request") return "request";
  return OPTION_WORDS[field].table ?? "output";
}

/** The kind of control that an option gets, by its codec. */
export type Kind = "switch" | "color" | "number" | "words" | "text";

export function chooseKind(field: Field): Kind {
  const { codec, implied }: Option = OPTIONS[field];
  if (implied === true) return "switch";
  if (codec === COLOR || codec === OPAQUE_COLOR) return "color";
  if (codec.min !== undefined) return "number";
  return codec.words ? "words" : "text";
}

/** The name of an option for people: `Aspect ratio`. */
export function printTitle(field: Field): string {
  const words = field.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const title = words.charAt(0).toUpperCase() + words.slice(1);
  return title.replace("icc", "ICC").replace(/^Dpr$/, "Pixel ratio");
}

/** The words of an option, without the marks of code. */
export function printHint(field: Field): string {
  const { codec }: Option = OPTIONS[field];
  const { text } = OPTION_WORDS[field];
  const filled = text.replace("RANGE", `${codec.min} to ${codec.max}`).replaceAll("`", "");
  return filled.charAt(0).toUpperCase() + filled.slice(1);
}

/** The largest value of a slider, where few go further: the text field takes all. */
const SLIDER_MAX: Readonly<Partial<Record<Field, number>>> = {
  width: 2400,
  height: 2400,
  radius: 400,
  expires: 0,
};

/** The slider of a number. */
interface SliderRange {
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** Where it is when the option is not set. */
  readonly rest: number;
}

/** The slider of a number; `undefined` where a slider is of no use. */
export function readSliderRange(field: Field): SliderRange | undefined {
  const { min = 0, max = 0, places = 0 }: Option["codec"] = OPTIONS[field].codec;
  const most = Math.min(max, SLIDER_MAX[field] ?? max);
  if (most <= min) return undefined;
  if (places > 0) return { min, max: most, step: 0.05, rest: 1 };
  return { min, max: most, step: 1, rest: Math.max(min, 0) };
}

/** Values to choose from, for options that are typed. */
export const SUGGESTIONS: Readonly<Partial<Record<Field, readonly string[]>>> = {
  aspectRatio: ["1:1", "4:3", "3:2", "16:9"],
};
