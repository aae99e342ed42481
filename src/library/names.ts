import { randomBytes } from "node:crypto";
import { MediaError } from "../errors.ts";
import { checkKey } from "../url/key.ts";
import { isSidecarKey } from "./metadata.ts";

/** A file that is to be named, as it was measured. */
export interface NamedFile {
  /** As its user had called it, without folders and control characters. Not to be trusted as a key. */
  readonly name: string;
  /** By the bytes, without a dot: `jpg`. */
  readonly extension: string;
  /** Media type, by the bytes. */
  readonly type: string;
  /** Of the bytes as they are kept, in hexadecimal digits. */
  readonly sha256: string;
  readonly owner: string | undefined;
}

/**
 * How files are named below their collection and owner. `random`: 26 letters and digits that sort by time. `content`: a
 * hash of the bytes, so that the same file of one owner is kept once. A function gives the rest of the key.
 */
export type Naming = "random" | "content" | ((file: NamedFile) => string);

/** Digits of a name by content: 160 bits. */
const CONTENT_DIGITS = 40;

/** Names a file below its folder. */
export function nameFile(naming: Naming, file: NamedFile): string {
  if (typeof naming === "function") return naming(file);
  const stem = naming === "content" ? file.sha256.slice(0, CONTENT_DIGITS) : createId(Date.now());
  return `${stem}.${file.extension}`;
}

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** 48 bits of time and 80 random ones: later ones sort after earlier ones. */
export function createId(now: number): string {
  let bits = (BigInt(now) << 80n) | BigInt(`0x${randomBytes(10).toString("hex")}`);
  let id = "";
  for (let digits = 0; digits < 26; digits += 1) {
    id = ALPHABET.charAt(Number(bits & 31n)) + id;
    bits >>= 5n;
  }
  return id;
}

/** Controls, and marks that turn text around, so that a name looks like another one. */
const MISLEADING = /[\p{Cc}\p{Surrogate}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;
const MAX_NAME = 200;

/** Cleans the name of a user's file, which is kept for downloads: no folders, no tricks, at most 200 characters. */
export function cleanName(given: string | undefined): string {
  const last = (given ?? "").split(/[/\\]/).at(-1) ?? "";
  const clean = last.normalize("NFC").replaceAll(MISLEADING, "").trim();
  if (/^\.*$/.test(clean)) return "file";
  const extension = /\.[^.]{1,16}$/u.exec(clean)?.[0] ?? "";
  const stem = Array.from(clean.slice(0, clean.length - extension.length));
  return stem.slice(0, MAX_NAME - extension.length).join("") + extension;
}

/** Folders of the library's own, beside that of the variants: nothing there is a file of a collection. */
export const OWN_FOLDERS: readonly string[] = ["trash/", "incoming/", "masters/"];

/** @throws MediaError `invalid_key` for a key that no file of the library can have */
export function checkLibraryKey(key: string, variantsRoot: string): void {
  checkKey(key);
  const folder = [...OWN_FOLDERS, variantsRoot].find((own) => `${key}/`.startsWith(own));
  if (folder !== undefined) {
    throw new MediaError("invalid_key", `the key must not be under "${folder}", got "${key}"`);
  }
  if (isSidecarKey(key)) {
    const problem = `the key must not end in ".json", which is where metadata is kept, got "${key}"`;
    throw new MediaError("invalid_key", problem);
  }
}

/** @throws MediaError `invalid_key` for an owner that cannot be one segment of a key */
export function checkOwner(owner: string): void {
  const isShort = new TextEncoder().encode(owner).length <= 200;
  if (isShort && !owner.includes("/") && !isSidecarKey(owner)) return checkKey(owner);
  const problem = 'an owner must have no "/", no ".json" at its end, and at most 200 bytes';
  throw new MediaError("invalid_key", `${problem}, got "${owner}"`);
}
