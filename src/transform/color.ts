import type { Color } from "./spec.ts";
import type { ValueType } from "./values.ts";

/** The sixteen basic colour keywords of CSS. */
const NAMES: Readonly<Record<string, Color>> = {
  aqua: "00ffff",
  black: "000000",
  blue: "0000ff",
  fuchsia: "ff00ff",
  gray: "808080",
  green: "008000",
  lime: "00ff00",
  maroon: "800000",
  navy: "000080",
  olive: "808000",
  purple: "800080",
  red: "ff0000",
  silver: "c0c0c0",
  teal: "008080",
  white: "ffffff",
  yellow: "ffff00",
};

const HEX = /^(?:[\da-f]{3,4}|[\da-f]{6}|[\da-f]{8})$/;

export const color: ValueType<Color> = {
  expected: "a colour: rrggbb, rrggbbaa, their short forms rgb and rgba, or a basic CSS name",
  parse: (text) => {
    const word = text.toLowerCase();
    if (Object.hasOwn(NAMES, word)) return NAMES[word];
    const hex = word.startsWith("rgb:") ? word.slice(4) : word;
    if (!HEX.test(hex)) return undefined;
    const long = hex.length < 6 ? hex.replaceAll(/./g, "$&$&") : hex;
    return long.length === 8 && long.endsWith("ff") ? long.slice(0, 6) : long;
  },
  print: (value) => value,
};

/** Red, green and blue from 0 to 255, alpha from 0 to 1. */
export interface Rgba {
  readonly r: number;
  readonly g: number;
  readonly b: number;
  readonly alpha: number;
}

export function toRgba(value: Color): Rgba {
  const [r = 0, g = 0, b = 0, a = 255] = (value.match(/../g) ?? []).map((byte) =>
    Number.parseInt(byte, 16),
  );
  return { r, g, b, alpha: a / 255 };
}

/** What a colour looks like on white, for formats without alpha. */
export function flattenOnWhite(value: Color): Color {
  const { r, g, b, alpha } = toRgba(value);
  const blend = (channel: number): string =>
    Math.round(channel * alpha + 255 * (1 - alpha))
      .toString(16)
      .padStart(2, "0");
  return blend(r) + blend(g) + blend(b);
}
