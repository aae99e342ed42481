import { MediaError } from "../errors.ts";
import type { ByteStream, ObjectStore, OpenOptions, OpenResult } from "../store/store.ts";

export type { ByteStream } from "../store/store.ts";

/** How long a client may take for the first bytes and the last ones, and how fast it has to be between. */
const GRACE_MS = 30_000;
const MIN_BYTES_PER_MS = 16;
/** Who has taken nothing for so long makes room when others want to be sent something. */
const STALLED_MS = 5000;

/** Hashes bytes as they come; what `createHash` of Node gives is one. */
export interface IncrementalHash {
  update(bytes: Uint8Array): unknown;
  /** To be called once. */
  digest(encoding: "hex"): string;
}

export interface OpenBodiesDeps {
  /** How many may be under way: each holds a connection to its store. */
  readonly limit: number;
  /** Milliseconds since some beginning. */
  readonly now: () => number;
}

/**
 * Objects that are sent as they are read, so many at a time and not for ever. When all places are taken,
 * whoever has stood still the longest loses theirs: a few clients that take nothing are not to keep
 * everybody else out.
 */
export interface OpenBodies {
  /** @throws MediaError `overloaded` when too many are under way, and what the store throws */
  open(store: Pick<ObjectStore, "open">, key: string, options: OpenOptions): Promise<OpenResult>;
}

export function createOpenBodies({ limit, now }: OpenBodiesDeps): OpenBodies {
  let opening = 0;
  const sendings = new Set<OpenBody>();
  return {
    open: async (store, key, options) => {
      if (opening + sendings.size >= limit) findStalled(sendings, now() - STALLED_MS)?.abort();
      if (opening + sendings.size >= limit) {
        throw new MediaError("overloaded", "too many images are being sent, try again later");
      }
      opening += 1;
      try {
        const result = await store.open(key, options);
        if (result.kind !== "found") return result;
        const { range } = options;
        const length = range ? range.last - range.first + 1 : result.info.size;
        return { ...result, body: bound(result.body, { length, sendings, now }) };
      } finally {
        opening -= 1;
      }
    },
  };
}

/** How long a client may take for so many bytes. */
export function getSendTimeoutMs(length: number): number {
  return GRACE_MS + length / MIN_BYTES_PER_MS;
}

/** A stream on its way. */
interface OpenBody {
  /** Since when its client has taken nothing; `undefined` while it is the store that takes time. */
  waitingSince: number | undefined;
  abort(): void;
}

/** The one that has stood still the longest, and at least since `before`. */
function findStalled(sendings: Iterable<OpenBody>, before: number): OpenBody | undefined {
  let stalled: OpenBody | undefined;
  let oldest = before;
  for (const sending of sendings) {
    const { waitingSince = Infinity } = sending;
    if (waitingSince > oldest) continue;
    stalled = sending;
    oldest = waitingSince;
  }
  return stalled;
}

interface Bounds {
  /** In bytes. */
  readonly length: number;
  readonly sendings: Set<OpenBody>;
  readonly now: () => number;
}

/** Closes a stream, and strikes it off, when it has been read, is left, or has taken too long. */
function bound(body: ByteStream, { length, sendings, now }: Bounds): ByteStream {
  let isLate = false;
  const close = (): void => {
    if (!sendings.delete(sending)) return;
    clearTimeout(timer);
    body.close();
  };
  const abort = (): void => {
    isLate = true;
    close();
  };
  const sending: OpenBody = { waitingSince: now(), abort };
  sendings.add(sending);
  const timer = setTimeout(abort, getSendTimeoutMs(length));
  return {
    close,
    async *[Symbol.asyncIterator]() {
      try {
        sending.waitingSince = undefined;
        for await (const chunk of body) {
          sending.waitingSince = now();
          yield chunk;
          sending.waitingSince = undefined;
          if (isLate) break;
        }
        if (isLate) throw tooLate();
      } catch (error) {
        throw isLate ? tooLate() : error;
      } finally {
        close();
      }
    },
  };
}

function tooLate(): MediaError {
  return new MediaError("timeout", "the client has taken too long");
}

interface Expected {
  readonly hash: IncrementalHash;
  /** What it is to come to, in hexadecimal digits. */
  readonly digest: string;
  /** What to do when it comes to something else. */
  readonly onDamage: () => Promise<void>;
}

/** Holds back the last bytes until all are known to be what was written: they are never whole and wrong. */
export function verifyStream(body: ByteStream, expected: Expected): ByteStream {
  return {
    close: body.close,
    async *[Symbol.asyncIterator]() {
      let held: Uint8Array | undefined;
      for await (const chunk of body) {
        expected.hash.update(chunk);
        if (held) yield held;
        held = chunk;
      }
      if (expected.hash.digest("hex") !== expected.digest) {
        await expected.onDamage();
        throw new MediaError("store_failed", "its bytes are not those that were written");
      }
      if (held) yield held;
    },
  };
}

/** The first bytes of a stream, at least `count` of them unless it has fewer, and the same stream from its start. */
export async function peekStream(
  body: ByteStream,
  count: number,
): Promise<{ readonly start: Uint8Array; readonly body: ByteStream }> {
  const iterator = body[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size < count) {
    const next = await iterator.next();
    if (next.done) break;
    chunks.push(next.value);
    size += next.value.length;
  }
  const start = concat(chunks, size);
  return {
    start,
    body: {
      close: body.close,
      async *[Symbol.asyncIterator]() {
        if (size > 0) yield start;
        yield* { [Symbol.asyncIterator]: () => iterator };
      },
    },
  };
}

function concat(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}
