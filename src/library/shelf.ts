import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Background } from "../async/background.ts";
import { MediaError } from "../errors.ts";
import type { Facts } from "../image/facts/facts.ts";
import type { MeasureFile } from "../image/facts/measure.ts";
import type { ObjectInfo, ObjectStore } from "../store/store.ts";
import type { Addresses, Item } from "./item.ts";
import { readItem } from "./item.ts";
import type { Ledger } from "./ledger.ts";
import type { Metadata } from "./metadata.ts";
import { isSidecarKey, readOwner } from "./metadata.ts";
import type { Naming } from "./names.ts";
import { checkLibraryKey, checkOwner, OWN_FOLDERS } from "./names.ts";

/** The parts of a running service that the library works with. */
export interface LibraryParts {
  readonly originals: ObjectStore;
  readonly measureFile: MeasureFile;
  /** Deletes all variants of an original, and forgets what is known of it; gives their number. */
  readonly purgeVariants: (key: string) => Promise<number>;
  /** Forgets that an original was missing, or what it was. */
  readonly forgetOriginal: (key: string) => void;
  /** Makes variants, named by their options. Never rejects: a variant that fails is made on request. */
  readonly makeVariants: (key: string, transforms: readonly string[]) => Promise<void>;
  readonly background: Background;
  /** Milliseconds after which no transform is under way that had begun before. */
  readonly deadlineMs: number;
}

/** A file that `scan` looks at, before anybody else can see it. */
export interface ScannedFile {
  /** A temporary file, which is there until `scan` returns. */
  readonly path: string;
  readonly name: string;
  readonly type: string;
  readonly bytes: number;
}

/**
 * Looks for viruses and the like.
 *
 * @returns why the file is refused, or nothing
 * @throws when it cannot tell: the file is then not kept, and `put` throws, too
 */
export type Scan = (file: ScannedFile, signal: AbortSignal) => Promise<string | undefined | void>;

/** A bound on what one owner, or all owners together, may keep. */
export interface Quota {
  readonly bytes?: number;
  readonly items?: number;
  readonly per: "owner" | "collection";
}

/** The rules of a collection, with all defaults. */
export interface ShelfRules {
  /** Empty, or a folder with its slash. */
  readonly prefix: string;
  readonly variantsRoot: string;
  /** Files that another program has put there belong to it, too. */
  readonly hasForeign: boolean;
  readonly accept: readonly string[];
  readonly maxBytes: number;
  readonly maxPixels: number | undefined;
  readonly naming: Naming;
  readonly keepLocation: boolean;
  readonly presets: readonly string[];
  readonly shouldAwaitPresets: boolean;
  readonly scan: Scan | undefined;
  readonly schema: StandardSchemaV1<unknown, Metadata> | undefined;
  /** There is a quota for each owner. */
  readonly needsOwner: boolean;
}

/** A collection at work. */
export interface Shelf {
  readonly rules: ShelfRules;
  readonly parts: LibraryParts;
  readonly addresses: Addresses;
  readonly ledgers: { of(owner: string | undefined): Ledger | undefined };
}

/** The folder of a collection, or that of one owner in it. */
export function toFolder(
  { prefix }: Pick<ShelfRules, "prefix">,
  owner: string | undefined,
): string {
  if (owner === undefined) return prefix;
  checkOwner(owner);
  return `${prefix}${owner}/`;
}

/** @throws MediaError `invalid_key` for a key that no file of this collection can have */
export function checkOwnKey({ prefix, variantsRoot }: ShelfRules, key: string): void {
  checkLibraryKey(key, variantsRoot);
  if (key.startsWith(prefix)) return;
  throw new MediaError("invalid_key", `the key must begin with "${prefix}", got "${key}"`);
}

/**
 * Files of an owner stay in its folder, where they are counted.
 *
 * @throws MediaError `invalid_key` for a key that is elsewhere
 */
export function checkOwnFolder(rules: ShelfRules, owner: string | undefined, key: string): void {
  if (owner === undefined) return;
  // among all files the collection comes first
  const folder = rules.hasForeign ? `${owner}/` : toFolder(rules, owner);
  const isInside = rules.hasForeign ? `/${key}`.includes(`/${folder}`) : key.startsWith(folder);
  if (isInside) return;
  throw new MediaError(
    "invalid_key",
    `a file of "${owner}" must be under "${folder}", got "${key}"`,
  );
}

/** False for what the library and the service keep among the files. */
export function isFileKey({ variantsRoot }: ShelfRules, key: string): boolean {
  return (
    !isSidecarKey(key) && ![...OWN_FOLDERS, variantsRoot].some((folder) => key.startsWith(folder))
  );
}

/** The file under a key; `undefined` if there is none, or another program has put it there. */
export async function findItem(shelf: Shelf, key: string): Promise<Item | undefined> {
  const info = await findObject(shelf, key);
  return info && readItem(shelf.addresses, shelf.parts.originals, { key, info });
}

export async function findObject(
  { rules, parts }: Shelf,
  key: string,
): Promise<ObjectInfo | undefined> {
  checkOwnKey(rules, key);
  const info = await parts.originals.head(key);
  const isOwn = rules.hasForeign || info?.metadata["sha256"] !== undefined;
  return isOwn ? info : undefined;
}

/** The ledger that counts an object. */
export function getLedger({ ledgers }: Shelf, info: ObjectInfo): Ledger | undefined {
  return ledgers.of(readOwner(info));
}

/** Types of documents that people read. */
const DOCUMENTS =
  /^application\/(?:pdf|rtf|epub\+zip|msword|vnd\.(?:ms-|oasis\.opendocument|openxmlformats).*)$/;

const KINDS: Readonly<Record<string, (facts: Facts) => boolean>> = {
  image: ({ width }) => width !== undefined,
  video: ({ type }) => type.startsWith("video/"),
  audio: ({ type }) => type.startsWith("audio/"),
  pdf: ({ type }) => type === "application/pdf",
  document: ({ type }) => DOCUMENTS.test(type),
};

/** True if a file is of one of the kinds, or has one of the media types: `image`, `image/heic`. */
export function isAccepted(accept: readonly string[], facts: Facts): boolean {
  return accept.some((kind) =>
    kind.includes("/") || !Object.hasOwn(KINDS, kind)
      ? kind === facts.type || (kind.endsWith("/*") && facts.type.startsWith(kind.slice(0, -1)))
      : KINDS[kind]?.(facts),
  );
}
