import { MediaError } from "../errors.ts";

/** What is known of an object without its bytes. */
export interface ObjectInfo {
  /** Opaque, in double quotes; another one means other bytes. */
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
  /** More bytes than this are not read. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

export type GetResult =
  | { readonly kind: "found"; readonly info: ObjectInfo; readonly bytes: Uint8Array }
  | { readonly kind: "not_modified" }
  /** `isDefinite` is false where the answer may mean something else: no right to read, or no store. */
  | { readonly kind: "missing"; readonly isDefinite: boolean };

export interface OpenOptions {
  /** The positions of the first and the last byte that are wanted. */
  readonly range?: { readonly first: number; readonly last: number };
  /** Only if the object still has this ETag. */
  readonly ifMatch?: string;
  /** Ends the wait for the first byte; what has been opened is closed by `close`. */
  readonly signal?: AbortSignal;
}

/**
 * Bytes that are read as they are taken, once. It breaks with MediaError: `store_failed` when it ends too
 * early, `timeout` when the store has nothing to give for too long.
 */
export interface ByteStream extends AsyncIterable<Uint8Array> {
  /** Lets go of what holds the bytes, at whatever point; to be called unless all of them are taken. */
  close(): void;
}

export type OpenResult =
  /** `info` is of the whole object. */
  | { readonly kind: "found"; readonly info: ObjectInfo; readonly body: ByteStream }
  /** It has another ETag, or ends before the range does. */
  | { readonly kind: "changed" }
  | Extract<GetResult, { kind: "missing" }>;
/** A file of this machine as it was at one moment: whoever reads it can tell whether it still is so. */
export interface LocatedFile {
  /** Absolute. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** When it was written, in nanoseconds. */
  readonly modified: string;
  readonly inode: string;
}

export type LocateResult =
  | {
      readonly kind: "located";
      readonly info: Pick<ObjectInfo, "etag" | "size">;
      readonly file: LocatedFile;
      /** How it begins: all that is needed to tell what it is. */
      readonly start: Uint8Array;
    }
  | { readonly kind: "missing"; readonly isDefinite: boolean };

export interface PutOptions {
  readonly contentType: string;
  readonly cacheControl?: string;
  readonly contentDisposition?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Of the bytes, in hexadecimal digits, where it is known already. */
  readonly sha256?: string;
  /** `absent`: only if there is no such object; an ETag: only if it is the one there. */
  readonly condition?: "absent" | { readonly etag: string };
  readonly signal?: AbortSignal;
}

export type PutResult =
  | { readonly kind: "stored"; readonly etag: string }
  | { readonly kind: "precondition_failed" }
  /** The store cannot check a condition; nothing was written. */
  | { readonly kind: "condition_unsupported" };

export interface ListOptions {
  readonly prefix: string;
  /** Keys that go on with this character after the prefix are left out: `/` lists one folder. */
  readonly delimiter?: "/";
  /** The `cursor` of the page before. */
  readonly cursor?: string;
  /** Keys per page, at most 1000, the default. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

export interface ListPage {
  /** In ascending order of their UTF-8 bytes. */
  readonly keys: readonly string[];
  /** Present when there is more. */
  readonly cursor?: string;
}

/**
 * A bucket. Keys are byte-exact. Every method throws MediaError: `store_failed` when the store cannot be
 * reached or refuses, `timeout` when it does not answer in time, `invalid_key` for a key that it cannot
 * hold.
 */
export interface ObjectStore {
  /** Throws unless objects can be read; gives a remark for the log. To be called once, at start. */
  probe(): Promise<string | undefined>;
  head(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined>;
  /** @throws MediaError `too_large` when the object has more than `maxBytes`. */
  get(key: string, options: GetOptions): Promise<GetResult>;
  /** Reads without holding all of it; the store's time-out is for the first byte, and for each pause. */
  open(key: string, options?: OpenOptions): Promise<OpenResult>;
  /**
   * Where an object is, in stores whose objects are files of this machine: who can read it there need not
   * be given its bytes.
   *
   * @throws MediaError `too_large` when the object has more than `maxBytes`.
   */
  locate?(key: string, options: Pick<GetOptions, "maxBytes">): Promise<LocateResult>;
  put(key: string, bytes: Uint8Array, options: PutOptions): Promise<PutResult>;
  /** Deletes what is there of these keys; what is not there is no error. */
  delete(keys: readonly string[], signal?: AbortSignal): Promise<void>;
  list(options: ListOptions): Promise<ListPage>;
}

/** Keys in a page, where its reader has no limit. */
export const MAX_PAGE_KEYS = 1000;

/** A page of `keys`, which are all that there are, or one more than it may have. */
export function pageKeys(keys: Iterable<string>, options: ListOptions): ListPage {
  const { prefix, delimiter, cursor, limit = MAX_PAGE_KEYS } = options;
  const matching = [...keys]
    .filter((key) => key.startsWith(prefix))
    .filter((key) => !delimiter || !key.slice(prefix.length).includes(delimiter))
    .filter((key) => cursor === undefined || compareKeys(key, cursor) > 0)
    .toSorted(compareKeys);
  const page = matching.slice(0, limit);
  const last = page.at(-1);
  return page.length < matching.length && last !== undefined
    ? { keys: page, cursor: last }
    : { keys: page };
}

/** The error of every store for an object over its reader's limit. */
export function tooLarge(size: number, maxBytes: number): MediaError {
  const problem = `the original must have at most ${maxBytes} bytes, got ${size}`;
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
