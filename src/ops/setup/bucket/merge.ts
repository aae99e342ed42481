/** A document as S3 takes it. */
export type Json = Readonly<Record<string, unknown>>;

const OURS = "ShiftMedia";

/** True for rules that shift-media wrote: their names begin alike. */
export function isOurs(name: unknown): boolean {
  return typeof name === "string" && name.startsWith(OURS);
}

interface Names {
  /** Field with the rules. */
  readonly list: string;
  /** Field of a rule with its name. */
  readonly id: string;
}

/**
 * Replaces the rules of earlier runs by ours, and keeps everything else.
 *
 * @returns undefined when no rule is left
 */
export function mergeNamed(
  present: Json | undefined,
  ours: Json,
  { list, id }: Names,
): Json | undefined {
  const foreign = listRules(present, list).filter((rule) => !isOurs(rule[id]));
  const rules = [...foreign, ...listRules(ours, list)];
  return rules.length === 0 ? undefined : { ...present, [list]: rules };
}

/** Lists our rules that the new document no longer has. */
export function listRemoved(
  present: Json | undefined,
  wanted: Json | undefined,
): readonly string[] {
  const left = new Set(listNames(wanted));
  return listNames(present).filter((name) => isOurs(name) && !left.has(name));
}

function listNames(document: Json | undefined): readonly string[] {
  const rules = ["Statement", "CORSRules", "Rules"].flatMap((list) => listRules(document, list));
  return rules.flatMap(({ Sid, ID }) => [Sid, ID].filter((name) => typeof name === "string"));
}

/** Lists the rules of a field; a single rule may come without a list. */
export function listRules(document: Json | undefined, list: string): readonly Json[] {
  return [document?.[list] ?? []].flat() as unknown as readonly Json[]; // what the field holds
}

/** Compares two documents: the order of rules counts, the order of words in a list does not. */
export function isSame(a: Json | undefined, b: Json | undefined): boolean {
  return JSON.stringify(canonical(a)) === JSON.stringify(canonical(b));
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) {
    const values = value.map(canonical);
    const areWords = values.every((item) => typeof item === "string");
    if (areWords && values.length === 1) return values[0]; // stores return a single word without its list
    return areWords ? values.toSorted() : values;
  }
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value)
    .filter(([, field]) => !isNothing(field))
    .map(([name, field]) => [name, canonical(field)] as const);
  return Object.fromEntries(fields.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function isNothing(field: unknown): boolean {
  return field === undefined || (Array.isArray(field) && field.length === 0);
}
