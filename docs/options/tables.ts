// Writes the tables of options into the docs, from the rows of the grammar: npm run docs:options
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { FORMATS, IMAGE_FORMATS } from "../../src/transform/formats.ts";
import { getFallbackFormat, getKeyFormat } from "../../src/transform/negotiate.ts";
import { normalizeTransform } from "../../src/transform/normalize.ts";
import type { Field, Option } from "../../src/transform/options.ts";
import { FIELDS, OPTIONS, printValue } from "../../src/transform/options.ts";
import { parseTransform } from "../../src/transform/parse.ts";
import type { TransformSpec } from "../../src/transform/spec.ts";
import { MODE_FACTS, MODES } from "../../src/transform/spec.ts";
import { MODE_WORDS, OPTION_WORDS } from "../../src/page/option-words.ts";

const ROOT = new URL("../../", import.meta.url);

type Row = readonly string[];

/** A table of docs/urls.md: its options, and if it shows what they do to an image. */
interface TableFacts {
  readonly fields: readonly Field[];
  readonly showsUnchanged?: boolean;
}

export const TABLES: Readonly<Record<string, TableFacts>> = {
  size: { fields: listFields("size") },
  cut: { fields: listFields("cut") },
  turn: { fields: listFields("turn"), showsUnchanged: true },
  color: { fields: listFields("color"), showsUnchanged: true },
  effects: { fields: FIELDS.filter((field) => isEffect(field)), showsUnchanged: true },
  output: {
    fields: FIELDS.filter(
      (field) => OPTION_WORDS[field].table === "output" || isCountingFlag(field),
    ),
  },
  typed: { fields: FIELDS.filter((field) => OPTIONS[field].affects === "request") },
};

/** The tables of each page, by the name that its markers have. */
const PAGES: Readonly<Record<string, Readonly<Record<string, () => readonly Row[]>>>> = {
  "docs/urls.md": {
    ...Object.fromEntries(
      Object.entries(TABLES).map(([name, facts]) => [name, () => makeUrlsTable(facts)]),
    ),
    modes: makeModesTable,
    extensions: makeExtensionsTable,
    counts: makeCountsTable,
  },
  "docs/typescript.md": { fields: makeFieldsTable },
};

export const PAGE_NAMES: readonly string[] = Object.keys(PAGES);

/** A page as it should be: its text with all tables made anew between their markers. */
export function fillPage(name: string, text: string): string {
  let filled = text;
  for (const [table, make] of Object.entries(PAGES[name] ?? {})) {
    const begin = `<!-- ${table}: written by npm run docs:options -->\n`;
    const [before, after] = filled.split(begin);
    const rest = after?.split(`\n<!-- end of ${table} -->`);
    if (before === undefined || rest?.length !== 2) {
      throw new Error(`${name} must have the markers of the table "${table}" once`);
    }
    filled = `${before}${begin}\n${printTable(make())}\n\n<!-- end of ${table} -->${rest[1]}`;
  }
  return filled;
}

function listFields(table: string): readonly Field[] {
  return FIELDS.filter((field) => OPTION_WORDS[field].table === table);
}

function isEffect(field: Field): boolean {
  return OPTIONS[field].name === "e";
}

function isCountingFlag(field: Field): boolean {
  return OPTIONS[field].name === "fl" && OPTIONS[field].affects !== "request";
}

/** `e_blur`, but `w_`. */
function printName(field: Field): string {
  const { label, word } = OPTIONS[field];
  return toCode(word ? label : `${label}_`);
}

function fillRange(field: Field, text: string): string {
  const { min, max }: Option["codec"] = OPTIONS[field].codec;
  return text.replace("RANGE", `${min} to ${max}`);
}

function makeUrlsTable({ fields, showsUnchanged }: TableFacts): readonly Row[] {
  const columns = Math.max(...fields.map((field) => listShown(field).length));
  const unchanged = showsUnchanged ? [printImage("landscape w_220")] : [];
  const rows = fields.map((field) => {
    const cells = listShown(field).map((cell) => cell.map(printExample).join("<br>"));
    const empty = Array.from({ length: columns - cells.length }, () => "");
    const { text, more = text } = OPTION_WORDS[field];
    return [
      printName(field),
      fillRange(field, more),
      printDefault(field),
      ...unchanged,
      ...cells,
      ...empty,
    ];
  });
  const examples = Array.from({ length: columns }, () => "example");
  const header = ["option", "values", "default", ...unchanged.map(() => "unchanged"), ...examples];
  return [header, ...rows];
}

function printDefault(field: Field): string {
  const { implied } = OPTIONS[field];
  return OPTION_WORDS[field].default ?? (typeof implied === "number" ? String(implied) : "–");
}

/** The cells of examples that docs/urls.md has of an option. */
export function listShown(field: Field): readonly (readonly string[])[] {
  const { shown, examples } = OPTION_WORDS[field];
  if (shown) return shown;
  if (isEffect(field)) return examples.map((example) => [`landscape w_220,${example}`]);
  return [[getTransform(field)]];
}

/** A transform that has the option: the last example, beside a width where it does not stand alone. */
function getTransform(field: Field): string {
  const { transform, examples } = OPTION_WORDS[field];
  const width = OPTIONS[field].isSecondary ? "w_300," : "";
  return transform ?? width + String(examples.at(-1));
}

function printExample(example: string): string {
  const [first = "", spec] = example.split(" ");
  if (spec === undefined) return toCode(first);
  return `${toCode(spec)}<br>${printImage(example)}`;
}

/** The name of the file that shows what a spec makes of an original. */
export function nameImage(original: string, spec: string): string {
  const { format = "webp" } = parseTransform(spec);
  return `${original}-${spec.replaceAll(/[,:]/g, "-")}.${format}`;
}

function printImage(example: string): string {
  const [original = "", spec = ""] = example.split(" ");
  return `![${spec}](images/${nameImage(original, spec)})`;
}

function makeModesTable(): readonly Row[] {
  const rows = MODES.map((mode) => {
    const { fitting, enlarges } = MODE_FACTS[mode] ?? {};
    const spec = `w_150,h_150,c_${mode}${fitting === "pad" ? ",b_silver" : ""}`;
    const shown = ["landscape", "small"].map((original) => printExample(`${original} ${spec}`));
    return [toCode(`c_${mode}`), MODE_WORDS[mode], enlarges ? "yes" : "no", ...shown];
  });
  return [["mode", "the image", "enlarges", "900 by 600", "90 by 60"], ...rows];
}

function makeExtensionsTable(): readonly Row[] {
  const rows = IMAGE_FORMATS.map((format) => {
    const names = [format, ...(FORMATS[format].aliases ?? [])];
    return [names.map((name) => toCode(`.${name}`)).join(" "), ...chooseFormats(`x.${format}`)];
  });
  const header = [
    "extension of the key",
    "without `f_`",
    "`f_auto`, when `Accept` names neither AVIF nor WebP",
  ];
  return [header, ...rows, ["others, none", ...chooseFormats("x")]];
}

function chooseFormats(key: string): Row {
  return [toCode(getKeyFormat(key)), toCode(getFallbackFormat(key))];
}

function makeCountsTable(): readonly Row[] {
  const fields = FIELDS.filter((field) => OPTIONS[field].needs);
  const pieces = fields.flatMap((field) => OPTION_WORDS[field].examples.slice(0, 1));
  const rows = [...pieces, "b_white", "b_00000000"].map((piece) => [
    toCode(piece),
    ...IMAGE_FORMATS.map((format) => {
      const counting = normalizeTransform(parseTransform(piece), format);
      return Object.keys(counting).length > 0 ? "yes" : "–";
    }),
  ]);
  return [["option", ...IMAGE_FORMATS.map(toCode)], ...rows];
}

function makeFieldsTable(): readonly Row[] {
  // `animated` says the default, which is in no URL
  const rows = FIELDS.filter((field) => field !== "animated").map((field) => {
    const text = getTransform(field);
    const example = toCode(printObject(parseTransform(text, ANY_PRESETS)));
    const { label } = OPTIONS[field];
    return [toCode(field), printValues(field), toCode(label), example, toCode(text)];
  });
  return [["field", "values", "option", "example", "in the URL"], ...rows];
}

const ANY_PRESETS = new Map([["thumb", {}]]);

function printValues(field: Field): string {
  const { program, text } = OPTION_WORDS[field];
  if (OPTIONS[field].implied === true) return "boolean";
  return fillRange(field, program ?? `number: ${text}`);
}

/** A spec as a program writes it. */
function printObject(spec: TransformSpec): string {
  const entries = Object.entries(spec).map(([field, value]) => {
    const written = field === "aspectRatio" ? printValue("aspectRatio", value as never) : value;
    return `${field}: ${printLiteral(written)}`;
  });
  return `{ ${entries.join(", ")} }`;
}

function printLiteral(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(printLiteral).join(", ")}]`;
  const entries = Object.entries(value).map(([name, item]) => `${name}: ${printLiteral(item)}`);
  return `{ ${entries.join(", ")} }`;
}

function toCode(text: string): string {
  return `\`${text}\``;
}

/** A table of Markdown, its columns aligned as the formatter has them. */
function printTable([header = [], ...rows]: readonly Row[]): string {
  const widths = header.map((_, column) =>
    Math.max(3, ...[header, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const print = (row: Row): string =>
    `| ${widths.map((width, column) => (row[column] ?? "").padEnd(width)).join(" | ")} |`;
  return [print(header), print(widths.map((width) => "-".repeat(width))), ...rows.map(print)].join(
    "\n",
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of PAGE_NAMES) {
    const page = new URL(name, ROOT);
    writeFileSync(page, fillPage(name, readFileSync(page, "utf8")));
  }
}
