import type { Color } from "./spec.ts";

/** The sixteen basic colour keywords of CSS. */
const COLOR_NAMES: ReadonlyMap<string, Color> = new Map([
  ["aqua", "0ff"],
  ["black", "000"],
  ["blue", "00f"],
  ["fuchsia", "f0f"],
  ["gray", "808080"],
  ["green", "008000"],
  ["lime", "0f0"],
  ["maroon", "800000"],
  ["navy", "000080"],
  ["olive", "808000"],
  ["purple", "800080"],
  ["red", "f00"],
  ["silver", "c0c0c0"],
  ["teal", "008080"],
  ["white", "fff"],
  ["yellow", "ff0"],
]);

const HEX = /^(?:[\da-f]{3,4}|(?:[\da-f]{2}){3,4})$/;

/** The hex of a colour's name; another text as it is. */
export function replaceColorName(text: string): string {
  return COLOR_NAMES.get(text.toLowerCase()) ?? text;
}

/** Reads the hex of a colour, with or without the `rgb:` of other services or the `#` of CSS. */
export function parseHex(text: string): Color | undefined {
  const hex = text.toLowerCase().replace(/^(?:rgb:|#)/, "");
  if (!HEX.test(hex)) return undefined;
  const long = hex.length < 6 ? hex.replaceAll(/./g, "$&$&") : hex;
  return long.replace(/^(.{6})ff$/, "$1");
}

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

/** Lays a colour on white, for formats without alpha. */
export function flattenOnWhite(value: Color): Color {
  const alpha = Number.parseInt(value.slice(6) || "ff", 16) / 255;
  return value.slice(0, 6).replaceAll(/../g, (byte) =>
    Math.round(Number.parseInt(byte, 16) * alpha + 255 * (1 - alpha))
      .toString(16)
      .padStart(2, "0"),
  );
}
