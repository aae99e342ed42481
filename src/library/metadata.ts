import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Facts } from "../image/facts/facts.ts";
import { PUT_ID } from "../media/originals/put-id.ts";
import type { ObjectInfo, ObjectStore } from "../store/store.ts";
import type { FocalPoint } from "../transform/spec.ts";
import { Refused } from "./refusal.ts";

/** A value that is the same after a way through JSON. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** Metadata of an application. */
export type Metadata = Readonly<Record<string, JsonValue>>;

/** All that is kept with an object, beside its type and length. */
export interface Kept extends Partial<Omit<Facts, "type" | "extension">> {
  /** Of the bytes as they are kept, in hexadecimal digits. */
  readonly sha256?: string;
  /** Of the write that made the object: it tells the object from others that were under its key. */
  readonly putId?: string;
  /** As the user had called the file. */
  readonly name?: string;
  readonly owner?: string;
  /** ISO 8601. */
  readonly createdAt?: string;
  /** Of an object in the trash. ISO 8601. */
  readonly deletedAt?: string;
  /** The object that was moved here, by its put id, and its key; a move that was interrupted goes on. */
  readonly movedFrom?: string;
  readonly focal?: FocalPoint;
  readonly meta?: Metadata;
}

/** The fields of `kept` but for some. */
export function omitFields<K extends keyof Kept>(kept: Kept, fields: readonly K[]): Omit<Kept, K> {
  const left = Object.entries(kept).filter(
    ([field]) => !fields.some((omitted) => omitted === field),
  );
  return Object.fromEntries(left) as Omit<Kept, K>; // each value is one of its field
}

/** Bytes of names and values that S3 keeps with an object, less some for what stores count in other ways. */
const MAX_BYTES = 1900;
const PREFIX_BYTES = "x-amz-meta-".length;
/** Bytes of an application's metadata as JSON. */
const MAX_META_BYTES = 64 * 1024;

interface Field<T> {
  /** The name of the user metadata. */
  readonly name: string;
  print(value: T): string;
  parse(text: string): T | undefined;
}

function text(name: string): Field<string> {
  return { name, print: String, parse: String };
}

function number(name: string): Field<number> {
  return {
    name,
    print: String,
    parse: (value) => (/^\d+$/.test(value) ? Number(value) : undefined),
  };
}

const GPS: readonly Facts["gps"][] = ["none", "removed", "kept", "unknown"];

/** One row for each field; those that grow stand last. */
const FIELDS: { readonly [K in keyof Kept]-?: Field<NonNullable<Kept[K]>> } = {
  sha256: text("sha256"),
  putId: text(PUT_ID),
  width: number("width"),
  height: number("height"),
  frames: number("frames"),
  hasAlpha: {
    name: "alpha",
    print: (value) => (value ? "1" : "0"),
    parse: (value) => value === "1",
  },
  thumbhash: text("thumbhash"),
  dominant: text("dominant"),
  takenAt: text("taken-at"),
  gps: { name: "gps", print: String, parse: (value) => GPS.find((known) => known === value) },
  owner: text("owner"),
  createdAt: text("created-at"),
  deletedAt: text("deleted-at"),
  focal: { name: "focal", print: printFocal, parse: parseFocal },
  movedFrom: text("moved-from"),
  name: text("name"),
  copyright: text("copyright"),
  meta: { name: "meta", print: (value) => JSON.stringify(value), parse: parseMeta },
};

/** Says that `KEY.json` has the rest. */
const MORE = "more";

/** Fields in the order in which they leave the object for `KEY.json`. */
const MOVABLE: readonly (keyof Kept)[] = ["meta", "copyright", "name", "movedFrom"];

interface Printed {
  readonly metadata: Readonly<Record<string, string>>;
  /** For `KEY.json`: what does not fit. */
  readonly rest: Uint8Array | undefined;
}

/** Prints what is kept as user metadata, percent-encoded, as far as it fits. */
export function printKept(kept: Kept): Printed {
  const inside = new Map<keyof Kept, readonly [string, string]>();
  for (const [field, value] of Object.entries(kept)) {
    if (value === undefined) continue;
    const { name, print } = FIELDS[field as keyof Kept] as Field<unknown>; // each value is one of its field
    inside.set(field as keyof Kept, [name, encode(print(value))]);
  }
  const outside: (keyof Kept)[] = [];
  for (const field of MOVABLE) {
    if (countBytes([...inside.values()]) <= MAX_BYTES) break;
    if (inside.delete(field)) outside.push(field);
  }
  const metadata = Object.fromEntries(inside.values());
  if (outside.length === 0) return { metadata, rest: undefined };
  const rest = JSON.stringify(Object.fromEntries(outside.map((field) => [field, kept[field]])));
  return { metadata: { ...metadata, [MORE]: "1" }, rest: new TextEncoder().encode(rest) };
}

function countBytes(entries: readonly (readonly [string, string])[]): number {
  return entries.reduce((sum, pair) => sum + PREFIX_BYTES + pair.join("").length, 0);
}

/** Reads what is kept with an object, and in `KEY.json` beside it. */
export async function readKept(
  store: Pick<ObjectStore, "get">,
  key: string,
  { metadata }: ObjectInfo,
): Promise<Kept> {
  const entries = Object.entries(FIELDS).flatMap(([field, { name, parse }]) => {
    const value = metadata[name];
    return value === undefined ? [] : [[field, parse(decode(value))] as const];
  });
  const kept = Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Kept;
  return metadata[MORE] === undefined ? kept : { ...kept, ...(await readRest(store, key)) };
}

/** Whose an object is. It is not read from the key, which may have folders of other kinds. */
export function readOwner({ metadata: { owner } }: ObjectInfo): string | undefined {
  return owner === undefined ? undefined : decode(owner);
}

async function readRest(store: Pick<ObjectStore, "get">, key: string): Promise<Kept> {
  const found = await store.get(toSidecarKey(key), { maxBytes: 4 * MAX_META_BYTES });
  // a put was interrupted before it, or somebody else deleted it
  if (found.kind !== "found") return {};
  try {
    return JSON.parse(new TextDecoder().decode(found.bytes)) as Kept; // only the library writes there
  } catch {
    return {};
  }
}

/**
 * Tells whether the object under a key is the one that a write has begun: an answer may have been lost, or `KEY.json`
 * is missing because a write of the same bytes was interrupted before it.
 */
export async function isBegun(
  store: Pick<ObjectStore, "head">,
  key: string,
  { putId, sha256 }: Kept,
): Promise<boolean> {
  const { metadata } = (await store.head(key)) ?? {};
  if (!metadata) return false;
  if (metadata[PUT_ID] === putId) return true;
  const isAlike = metadata["sha256"] === sha256 && metadata[MORE] !== undefined;
  return isAlike && (await store.head(toSidecarKey(key))) === undefined;
}

/** Writes what does not fit into the metadata of an object. */
export async function writeRest(
  store: Pick<ObjectStore, "put">,
  key: string,
  rest: Uint8Array | undefined,
): Promise<void> {
  if (rest) await store.put(toSidecarKey(key), rest, { contentType: "application/json" });
}

/** True for an object that has more in `KEY.json`. */
export function hasRest({ metadata }: ObjectInfo): boolean {
  return metadata[MORE] !== undefined;
}

/** The object beside an object that has what does not fit into its metadata. */
export function toSidecarKey(key: string): string {
  return `${key}.json`;
}

/** True for objects that the library keeps beside files. */
export function isSidecarKey(key: string): boolean {
  return key.endsWith(".json");
}

/**
 * Checks the metadata of an application by its schema.
 *
 * @throws Refused `invalid_metadata` with all that is wrong
 */
export async function checkMeta(
  schema: StandardSchemaV1<unknown, Metadata> | undefined,
  given: unknown,
): Promise<Metadata> {
  const result = schema
    ? await schema["~standard"].validate(given ?? {})
    : { value: (given ?? {}) as Metadata }; // the type of those who call it
  if (result.issues) {
    const problems = result.issues.map(({ path = [], message }) => {
      const names = path.map((part) => String(typeof part === "object" ? part.key : part));
      return names.length > 0 ? `${names.join(".")}: ${message}` : message;
    });
    throw new Refused("invalid_metadata", `the metadata is wrong: ${problems.join("; ")}`);
  }
  const { value } = result;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Refused("invalid_metadata", "the metadata must be an object of names and values");
  }
  const bytes = new TextEncoder().encode(toJson(value)).length;
  if (bytes <= MAX_META_BYTES) return value;
  const problem = `the metadata must have at most ${MAX_META_BYTES} bytes as JSON, got ${bytes}`;
  throw new Refused("invalid_metadata", problem);
}

function toJson(value: Metadata): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Refused("invalid_metadata", "the metadata is nested too deeply");
  }
}

/** @throws Refused `invalid_metadata` for a point outside of the image */
export function checkFocal(point: FocalPoint): FocalPoint {
  const isInside = [point.x, point.y].every((value) => value >= 0 && value <= 1);
  if (isInside) return point;
  const problem = "a focal point must be two fractions from 0 to 1";
  throw new Refused("invalid_metadata", `${problem}, got ${point.x} and ${point.y}`);
}

export function printFocal({ x, y }: FocalPoint): string {
  return [x, y].map((value) => String(Math.round(value * 10_000) / 10_000)).join("x");
}

function parseFocal(value: string): FocalPoint | undefined {
  const [x = NaN, y = NaN] = value.split("x").map(Number);
  return x >= 0 && x <= 1 && y >= 0 && y <= 1 ? { x, y } : undefined;
}

function parseMeta(value: string): Metadata | undefined {
  try {
    return JSON.parse(value) as Metadata; // only the library writes it
  } catch {
    return undefined;
  }
}

/** Printable ASCII without spaces stays as it is; all else, and `%`, is percent-encoded. */
function encode(value: string): string {
  return value
    .replaceAll(/\p{Surrogate}/gu, "\u{FFFD}")
    .replaceAll(/[^!-$&-~]/gu, (character) =>
      character === " " ? "%20" : encodeURIComponent(character),
    );
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value; // another program wrote it
  }
}
