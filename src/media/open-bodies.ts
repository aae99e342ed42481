import { Semaphore } from "../async/semaphore.ts";
import type { Lease } from "../async/semaphore.ts";
import { MediaError, overloaded } from "../errors.ts";
import type { ByteStream, ObjectStore, OpenOptions, OpenResult } from "../store/store.ts";

export type { ByteStream } from "../store/store.ts";

/** The time that a client has for the first and the last bytes, and its lowest speed in between. */
const GRACE_MS = 30_000;
const MIN_BYTES_PER_MS = 16;
/** A client that has taken nothing for this long loses its slot when another one needs it. */
const STALLED_MS = 5000;

/** Hashes bytes as they come, like `createHash` of Node. */
export interface IncrementalHash {
  update(bytes: Uint8Array): unknown;
  /** Can be called once. */
  digest(encoding: "hex"): string;
}

export interface OpenBodiesOptions {
  /** How many may be open at the same time: each holds a connection to its store. */
  readonly limit: number;
  /** Milliseconds since some beginning. */
  readonly now: () => number;
}

/** How long a client may take for this many bytes. */
export function getSendTimeoutMs(length: number): number {
  return GRACE_MS + length / MIN_BYTES_PER_MS;
}

/** A body that is being sent. */
interface OpenBody {
  /** Since when its client has taken nothing; `undefined` while the store takes time. */
  waitingSince: number | undefined;
  abort(): void;
}

/**
 * Objects that are sent as they are read: a bounded number, each for a bounded time. When all slots are taken,
 * the body that has stood still the longest is aborted, so that a few clients that take nothing do not keep
 * all others out.
 */
export class OpenBodies {
  readonly #slots: Semaphore;
  readonly #now: () => number;
  readonly #bodies = new Set<OpenBody>();

  constructor({ limit, now }: OpenBodiesOptions) {
    this.#slots = new Semaphore({ limit });
    this.#now = now;
  }

  /** @throws MediaError `overloaded` when too many are open, and what the store throws */
  async open(
    store: Pick<ObjectStore, "open">,
    key: string,
    options: OpenOptions,
  ): Promise<OpenResult> {
    const slot = this.#slots.tryAcquire() ?? this.#takeStalledSlot();
    if (!slot) throw overloaded("too many images are being sent");
    let body: ByteStream | undefined;
    try {
      const result = await store.open(key, options);
      if (result.kind !== "found") return result;
      const { range } = options;
      const length = range ? range.last - range.first + 1 : result.info.size;
      body = this.#bound(result.body, length, slot);
      return { ...result, body };
    } finally {
      if (!body) slot.release();
    }
  }

  #takeStalledSlot(): Lease | undefined {
    let stalled: OpenBody | undefined;
    let oldest = this.#now() - STALLED_MS;
    for (const body of this.#bodies) {
      const { waitingSince = Infinity } = body;
      if (waitingSince > oldest) continue;
      stalled = body;
      oldest = waitingSince;
    }
    stalled?.abort();
    return this.#slots.tryAcquire();
  }

  /** Closes a body, and gives its slot back, when it has been read, is left, or takes too long. */
  #bound(stream: ByteStream, length: number, slot: Lease): ByteStream {
    const now = this.#now;
    const bodies = this.#bodies;
    let isLate = false;
    const close = (): void => {
      if (!bodies.delete(body)) return;
      clearTimeout(timer);
      slot.release();
      stream.close();
    };
    const abort = (): void => {
      isLate = true;
      close();
    };
    const body: OpenBody = { waitingSince: now(), abort };
    bodies.add(body);
    const timer = setTimeout(abort, getSendTimeoutMs(length));
    return {
      close,
      async *[Symbol.asyncIterator]() {
        try {
          body.waitingSince = undefined;
          for await (const chunk of stream) {
            body.waitingSince = now();
            yield chunk;
            body.waitingSince = undefined;
            if (isLate) break;
          }
          if (isLate) throw createLateError();
        } catch (error) {
          throw isLate ? createLateError() : error;
        } finally {
          close();
        }
      },
    };
  }
}

function createLateError(): MediaError {
  return new MediaError("timeout", "the client has taken too long");
}

interface Expected {
  readonly hash: IncrementalHash;
  /** The expected hash, in hexadecimal digits. */
  readonly digest: string;
  /** Called when the bytes have another hash. */
  readonly onDamage: () => Promise<void>;
}

/** Holds the last chunk back until the hash is known to be right: a body is never complete and wrong. */
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
        throw new MediaError(
          "store_failed",
          "the bytes of the variant are not those that were written",
        );
      }
      if (held) yield held;
    },
  };
}

/** Reads at least `count` bytes, or all, and gives them beside the same stream from its start. */
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
