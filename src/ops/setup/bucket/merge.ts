/** A document as S3 or IAM takes it. */
export type Json = Readonly<Record<string, unknown>>;

const OURS = "ShiftMedia";

/** What we have made is known by its name. */
export function isOurs(name: unknown): boolean {
  return typeof name === "string" && name.startsWith(OURS);
}

interface Names {
  /** The field with the rules. */
  readonly list: string;
  /** The field of a rule with its name. */
  readonly id: string;
}

/**
 * Puts our rules in place of those that an earlier run has made, and leaves everything else alone.
 *
 * @returns undefined when there is no rule left
 */
export function mergeNamed(
  present: Json | undefined,
  ours: Json,
  { list, id }: Names,
): Json | undefined {
  const foreign = rulesIn(present, list).filter((rule) => !isOurs(rule[id]));
  const rules = [...foreign, ...rulesIn(ours, list)];
  return rules.length === 0 ? undefined : { ...present, [list]: rules };
}

/** The names of rules of ours that are in a document, and not in the one that takes its place. */
export function namesGone(present: Json | undefined, wanted: Json | undefined): readonly string[] {
  const left = new Set(namesIn(wanted));
  return namesIn(present).filter((name) => isOurs(name) && !left.has(name));
}

function namesIn(document: Json | undefined): readonly string[] {
  const rules = ["Statement", "CORSRules", "Rules"].flatMap((list) => rulesIn(document, list));
  return rules.flatMap(({ Sid, ID }) => [Sid, ID].filter((name) => typeof name === "string"));
}

/** One rule may stand alone, without a list around it. */
export function rulesIn(document: Json | undefined, list: string): readonly Json[] {
  return [document?.[list] ?? []].flat() as unknown as readonly Json[]; // what the field holds
}

/** Whether two documents mean the same: order counts between rules, and not within lists of words. */
export function isSame(a: Json | undefined, b: Json | undefined): boolean {
  return JSON.stringify(canonical(a)) === JSON.stringify(canonical(b));
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) {
    const values = value.map(canonical);
    const areWords = values.every((item) => typeof item === "string");
    if (areWords && values.length === 1) return values[0]; // stores give one word back without its list
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
