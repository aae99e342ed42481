import { readLatin1 } from "./block.ts";
import type { Edit } from "./edit.ts";
import { fill } from "./edit.ts";

/** Properties with a location, under any prefix: those of Exif, Photoshop, IPTC, drones and mapping programs. */
const PLACES: ReadonlySet<string> = new Set(
  `city state country countrycode location locationcreated locationshown locationname locationid sublocation
  provincestate countryname worldregion lat long lon`.split(/\s+/),
);

/** True for the name of a property with a location, such as `exif:GPSLatitude`. */
export function isPlaceName(name: string): boolean {
  const local = dropPrefix(name).toLowerCase();
  return PLACES.has(local) || /gps|latitude|longt?itude/.test(local);
}

/** Bounds the work on all packets of a file. */
export class MarkupBudget {
  /** Tags and attributes that may still be read. Photographs with much retouching have some ten thousand. */
  #left = 100_000;

  get isSpent(): boolean {
    return this.#left <= 0;
  }

  spend(): void {
    this.#left -= 1;
  }
}

/**
 * Finds the properties of an XMP packet that are locations, as attributes or as elements, and covers them with spaces.
 * Covers all of a packet that is not of one byte a letter, or that exceeds the budget.
 */
export function findXmpLocation(xmp: Uint8Array, budget: MarkupBudget): readonly Edit[] {
  if (budget.isSpent || xmp.includes(0, xmp.indexOf(LESS_THAN) + 1)) {
    return [fill(0, xmp.length)];
  }
  const edits: Edit[] = [];
  /** The start of an element that is a location, and how many elements are open in it. */
  let place: { readonly start: number; depth: number } | undefined;
  for (const { kind, name, start, end } of readMarkup(readLatin1(xmp, 0, xmp.length), budget)) {
    if (place) {
      place.depth += DEPTH[kind];
      if (place.depth > 0) continue;
      edits.push(fill(place.start, end));
      place = undefined;
    } else if (isPlaceName(name)) {
      if (kind === "open") place = { start, depth: 1 };
      else edits.push(fill(start, end));
    }
  }
  if (budget.isSpent) return [fill(0, xmp.length)];
  if (place) edits.push(fill(place.start, xmp.length));
  return edits;
}

/** Reads the first text of each of these properties, which are named without a prefix. */
export function readXmpTexts(
  xmp: Uint8Array,
  names: ReadonlySet<string>,
  budget: MarkupBudget,
): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  const text = readLatin1(xmp, 0, budget.isSpent ? 0 : xmp.length);
  for (const { name, content } of readProperties(text, budget)) {
    if (!names.has(name) || texts.has(name)) continue;
    const read = decodeXml(content).trim();
    if (read !== "") texts.set(name, read);
  }
  return texts;
}

/** Gives properties without their prefixes, with the texts after their tags; empty ones are among them. */
function* readProperties(
  text: string,
  budget: MarkupBudget,
): Generator<{ readonly name: string; readonly content: string }> {
  let property = "";
  for (const { kind, name, value = "", end } of readMarkup(text, budget)) {
    // the text of a property may be in a list of alternatives
    if (kind === "open" && !name.startsWith("rdf:")) property = dropPrefix(name);
    if (kind === "attribute") yield { name: dropPrefix(name), content: value };
    if (kind === "open") yield { name: property, content: text.slice(end, findTextEnd(text, end)) };
  }
}

function dropPrefix(name: string): string {
  return name.slice(name.lastIndexOf(":") + 1);
}

function findTextEnd(text: string, start: number): number {
  const end = text.indexOf("<", start);
  return end === -1 ? text.length : end;
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
]);

/** @param latin1 UTF-8, one character a byte */
function decodeXml(latin1: string): string {
  return Buffer.from(latin1, "latin1")
    .toString("utf8")
    .replaceAll(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w+));/gi, (all, decimal, hex, name) => {
      const code = Number(decimal ?? `0x${hex}`);
      if (name !== undefined) return ENTITIES.get(name) ?? all;
      return code <= 0x10_ffff ? String.fromCodePoint(code) : all;
    });
}

const LESS_THAN = 0x3c;
const DEPTH = { open: 1, close: -1, empty: 0, attribute: 0 } as const;

interface Markup {
  readonly kind: keyof typeof DEPTH;
  readonly name: string;
  /** Of an attribute, as it is written. */
  readonly value?: string;
  readonly start: number;
  readonly end: number;
}

/** Markup that is no tag, by how it begins and ends. */
const OTHER_MARKUP: readonly (readonly [string, string])[] = [
  ["<?", "?>"],
  ["<!--", "-->"],
  ["<![CDATA[", "]]>"],
];

const NAME = /<(\/?)([^\s=<>"'/]+)/y;
const ATTRIBUTE = /\s+([^\s=<>"'/]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/y;
const END = /\s*(\/?)>/y;

/**
 * Reads the tags of XML, and before each of them its attributes, until the budget is spent. Reads each letter a few
 * times at most, and passes over what is not well-formed.
 */
function* readMarkup(text: string, budget: MarkupBudget): Generator<Markup> {
  let at = text.indexOf("<");
  while (at !== -1 && !budget.isSpent) {
    budget.spend();
    const other = OTHER_MARKUP.find(([begin]) => text.startsWith(begin, at));
    const end = other ? text.indexOf(other[1], at) : yield* readTag(text, at, budget);
    if (end === -1) return;
    at = text.indexOf("<", end);
  }
}

/** @returns where to read on */
function* readTag(text: string, start: number, budget: MarkupBudget): Generator<Markup, number> {
  const [begin, slash, name = ""] = matchAt(NAME, text, start) ?? [];
  if (begin === undefined) return start + 1;
  const at = yield* readAttributes(text, start + begin.length, budget);
  const [close, empty] = matchAt(END, text, at) ?? [];
  if (close === undefined) return at;
  const end = at + close.length;
  yield { kind: slash ? "close" : empty ? "empty" : "open", name, start, end };
  return end;
}

/** @returns where to read on */
function* readAttributes(
  text: string,
  start: number,
  budget: MarkupBudget,
): Generator<Markup, number> {
  let at = start;
  for (;;) {
    const [all, name = "", double, single = ""] = matchAt(ATTRIBUTE, text, at) ?? [];
    if (all === undefined || budget.isSpent) return at;
    budget.spend();
    const from = at + all.indexOf(name);
    at += all.length;
    yield { kind: "attribute", name, value: double ?? single, start: from, end: at };
  }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
