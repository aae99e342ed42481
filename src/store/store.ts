import { MediaError } from "../errors.ts";

/** The facts about an object, without its bytes. */
export interface ObjectInfo {
  /** Opaque, in double quotes; it changes with the bytes. */
  readonly etag: string;
  /** In bytes. */
  readonly size: number;
  readonly contentType?: string;
  readonly cacheControl?: string;
  readonly contentDisposition?: string;
  /** User metadata: lower-case names, ASCII values. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface GetOptions {
  /** Do not send the bytes if the object still has this ETag. */
  readonly ifNoneMatch?: string;
  /** A larger object is refused and not read. */
  readonly maxBytes: number;
  /** Gives the memory for the bytes. Default: memory that is collected as garbage. */
  readonly allocate?: (size: number) => Uint8Array;
  readonly signal?: AbortSignal;
}

export type GetResult =
  | { readonly kind: "found"; readonly info: ObjectInfo; readonly bytes: Uint8Array }
  | { readonly kind: "not_modified" }
  /** `isDefinite` is false if the answer may have another cause: no right to read, or a proxy. */
  | { readonly kind: "missing"; readonly isDefinite: boolean };

export interface OpenOptions {
  /** The positions of the first and the last byte to read. */
  readonly range?: { readonly first: number; readonly last: number };
  /** Only if the object still has this ETag. */
  readonly ifMatch?: string;
  /** Ends the wait for the first byte; afterwards `close` ends the stream. */
  readonly signal?: AbortSignal;
}

/**
 * Bytes that are read as they are taken, once. Iteration throws MediaError: `store_failed` when the body ends too
 * early, `timeout` when the store pauses for too long.
 */
export interface ByteStream extends AsyncIterable<Uint8Array> {
  /** Releases the connection or file, at any time. Must be called unless all bytes are taken. */
  close(): void;
}

export type OpenResult =
  /** `info` describes the whole object. */
  | { readonly kind: "found"; readonly info: ObjectInfo; readonly body: ByteStream }
  /** The object has another ETag, or ends before the range. */
  | { readonly kind: "changed" }
  | Extract<GetResult, { kind: "missing" }>;

export interface PutOptions {
  readonly contentType: string;
  readonly cacheControl?: string;
  readonly contentDisposition?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Of the bytes, in hexadecimal digits, where it is known already. */
  readonly sha256?: string;
  /** `absent`: write only if the object does not exist; an ETag: only if the object has it. */
  readonly condition?: "absent" | { readonly etag: string };
  readonly signal?: AbortSignal;
}

export type PutResult =
  | { readonly kind: "stored"; readonly etag: string }
  | { readonly kind: "precondition_failed" }
  /** The store cannot check a condition; nothing was written. */
  | { readonly kind: "condition_unsupported" };

/** Bytes that are not in memory. */
export interface ByteSource {
  /** In bytes. */
  readonly size: number;
  /** Reads them from the beginning; a write that is tried again does so again. */
  open(): AsyncIterable<Uint8Array>;
}

export interface CopyOptions extends Omit<PutOptions, "condition" | "sha256"> {
  /** Only if the object that is copied still has this ETag. */
  readonly ifMatch: string;
}

export type CopyResult =
  | { readonly kind: "copied"; readonly etag: string }
  /** The object that was to be copied has another ETag, or is gone; nothing was written. */
  | { readonly kind: "changed" };

/** `kept`: the store has older versions, and does not let us delete them. */
export type EraseResult = "none" | "deleted" | "kept";

export interface ListOptions {
  readonly prefix: string;
  /** Keys with this character after the prefix are left out, and give `folders`: `/` lists one folder. */
  readonly delimiter?: "/";
  /** The `cursor` of the previous page. */
  readonly cursor?: string;
  /** Keys and folders per page, at most 1000, the default. */
  readonly limit?: number;
  /** Give the sizes, too. */
  readonly withSizes?: boolean;
  readonly signal?: AbortSignal;
}

export interface ListPage {
  /** In ascending order of their UTF-8 bytes. */
  readonly keys: readonly string[];
  /** With a delimiter, in the same order: what keys that were left out begin with, `cats/`. */
  readonly folders?: readonly string[];
  /** In bytes, one for each key; only if they were asked for. */
  readonly sizes?: readonly number[];
  /** Present when there is more. */
  readonly cursor?: string;
}

/**
 * A store of objects. Keys are byte-exact. Every method throws MediaError: `store_failed` when the store cannot be
 * reached or refuses, `timeout` when it does not answer in time, `invalid_key` for a key that it cannot hold.
 */
export interface ObjectStore {
  /** Throws unless objects can be read; gives a remark for the log. Called once, at start. */
  probe(): Promise<string | undefined>;
  head(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined>;
  /** @throws MediaError `too_large` when the object has more than `maxBytes`. */
  get(key: string, options: GetOptions): Promise<GetResult>;
  /** Reads an object as a stream; the store's time-out bounds the first byte and each pause. */
  open(key: string, options?: OpenOptions): Promise<OpenResult>;
  put(key: string, bytes: Uint8Array | ByteSource, options: PutOptions): Promise<PutResult>;
  /** Copies an object, over another one or over itself; its headers and metadata are those of the options. */
  copy(from: string, to: string, options: CopyOptions): Promise<CopyResult>;
  /** Deletes objects; missing ones are not an error. */
  delete(keys: readonly string[], signal?: AbortSignal): Promise<void>;
  /** Deletes objects with all of their versions, in stores that may keep versions; says what became of these. */
  erase?(keys: readonly string[], signal?: AbortSignal): Promise<EraseResult>;
  list(options: ListOptions): Promise<ListPage>;
}

/** The size of a page without `limit`. */
export const MAX_PAGE_KEYS = 1000;

/** Cuts a page from `keys`: all keys, or at least one more than the page may have. */
export function pageKeys(keys: Iterable<string>, options: ListOptions): ListPage {
  const { prefix, delimiter, cursor, limit = MAX_PAGE_KEYS } = options;
  const matching = [...keys].filter((key) => key.startsWith(prefix));
  const entries = delimiter ? foldKeys(matching, prefix, delimiter) : matching;
  const ahead = entries
    .filter((entry) => cursor === undefined || compareKeys(entry, cursor) > 0)
    .toSorted(compareKeys);
  const page = ahead.slice(0, limit);
  const last = page.at(-1);
  const isFolder = (entry: string): boolean =>
    delimiter !== undefined && entry.length > prefix.length && entry.endsWith(delimiter);
  return {
    keys: page.filter((entry) => !isFolder(entry)),
    ...(delimiter && { folders: page.filter(isFolder) }),
    ...(page.length < ahead.length && last !== undefined && { cursor: last }),
  };
}

/** Cuts keys after the first delimiter behind the prefix; each folder remains once. */
function foldKeys(keys: readonly string[], prefix: string, delimiter: string): readonly string[] {
  const cut = (key: string): string => {
    const end = key.indexOf(delimiter, prefix.length);
    return end === -1 ? key : key.slice(0, end + 1);
  };
  return [...new Set(keys.map(cut))];
}

/** The bytes of an object as the chunks that they are read in. */
export function readChunks(bytes: Uint8Array | ByteSource): AsyncIterable<Uint8Array> {
  return bytes instanceof Uint8Array ? once(bytes) : bytes.open();
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** The error of all stores for an object over its reader's limit. */
export function tooLarge(size: number, maxBytes: number): MediaError {
  const problem = `the original must have at most ${maxBytes} bytes (MAX_ORIGINAL_BYTES), got ${size}`;
  return new MediaError("too_large", problem);
}

/** MediaErrors as they are; anything else is taken for the end of a wait for the store. */
export function toStoreTimeout(error: unknown): MediaError {
  if (error instanceof MediaError) return error;
  return new MediaError("timeout", "the store did not answer in time", { cause: error });
}

/** The order of UTF-8 bytes, in which S3 lists; JavaScript's own differs beyond the first plane. */
export function compareKeys(a: string, b: string): number {
  for (let index = 0; index < a.length && index < b.length; index += 1) {
    const difference = (a.codePointAt(index) ?? 0) - (b.codePointAt(index) ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
