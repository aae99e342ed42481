/** A screen that a page may be seen on. */
export interface Viewport {
  readonly name: string;
  /** In CSS pixels. */
  readonly width: number;
  /** Device pixels to a CSS pixel. */
  readonly dpr: number;
}

export const VIEWPORTS: readonly Viewport[] = [
  { name: "Phone", width: 390, dpr: 3 },
  { name: "Tablet", width: 820, dpr: 2 },
  { name: "Desktop", width: 1440, dpr: 1 },
];

const CONDITION = /^\((min|max)-width:\s*([\d.]+)px\)\s+/;
const LENGTH = /^([\d.]+)(px|vw)$/;

/**
 * The width of an image on a page, in CSS pixels, by the attribute `sizes`; `undefined` for one that has more than
 * `min-width`, `max-width`, `px` and `vw`.
 */
export function resolveSizes(sizes: string, viewport: Pick<Viewport, "width">): number | undefined {
  for (const part of sizes.split(",").map((text) => text.trim())) {
    const [condition = "", bound, limit] = CONDITION.exec(part) ?? [];
    const [, value, unit] = LENGTH.exec(part.slice(condition.length)) ?? [];
    if (value === undefined) return undefined;
    const isMet =
      bound === undefined ||
      (bound === "min" ? viewport.width >= Number(limit) : viewport.width <= Number(limit));
    if (isMet) return unit === "vw" ? (viewport.width * Number(value)) / 100 : Number(value);
  }
  return undefined;
}

/** The candidate that a browser takes: the smallest that is large enough, or the largest. */
export function chooseWidth(widths: readonly number[], needed: number): number | undefined {
  const ascending = widths.toSorted((a, b) => a - b);
  return ascending.find((width) => width >= needed) ?? ascending.at(-1);
}

/** Reads widths that were typed, `320, 640`. */
export function readWidths(text: string): readonly number[] {
  const numbers = text.split(/[\s,]+/).map(Number);
  const widths = numbers.filter((width) => Number.isInteger(width) && width > 0 && width <= 8192);
  return [...new Set(widths)].toSorted((a, b) => a - b).slice(0, 12);
}
