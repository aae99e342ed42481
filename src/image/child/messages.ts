import type { Duplex } from "node:stream";

/** Lengths of the header and of the body, both unsigned 32-bit integers, big-endian. */
const PREFIX_BYTES = 8;
const MAX_HEADER_BYTES = 64 * 1024;
const MAX_BODY_BYTES = 512 * 1024 * 1024;

/** A message between the service and an image process: a header in JSON, and bytes. */
export interface Message {
  readonly header: unknown;
  readonly body: Uint8Array;
}

/** Writes a message. The body is handed to the stream without a copy. */
export function writeMessage(stream: Duplex, { header, body }: Message): void {
  const text = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES);
  prefix.writeUInt32BE(text.length, 0);
  prefix.writeUInt32BE(body.length, 4);
  stream.cork();
  stream.write(prefix);
  stream.write(text);
  stream.write(body);
  stream.uncork();
}

/** Allocates a buffer of so many bytes. */
export type Allocate = (bytes: number) => Buffer;

/** Reads messages as they arrive. Garbage destroys the stream with an error. */
export function readMessages(stream: Duplex, onMessage: (message: Message) => void): void {
  const reader = new MessageReader(onMessage);
  stream.on("data", (chunk: Buffer) => {
    if (!reader.read(chunk)) stream.destroy(new Error("not a message"));
  });
}

/** A part of a message, as far as it has arrived. */
interface Part {
  readonly buffer: Buffer;
  filled: number;
}

/** From this many missing bytes on they are worth being read to where they belong. */
const MIN_SPACE = 64 * 1024;

/**
 * Reads messages from pieces of a stream. Its methods return `false` for garbage, after which the stream cannot be read
 * any more.
 */
export class MessageReader {
  readonly #onMessage: (message: Message) => void;
  readonly #allocate: Allocate;
  readonly #prefix: Part = { buffer: Buffer.alloc(PREFIX_BYTES), filled: 0 };
  #content: (Part & { readonly headerBytes: number }) | undefined;

  /**
   * @param allocate gives the buffer of a header and its body, where there is a body. The body is valid for as long as
   * the buffer is.
   */
  constructor(
    onMessage: (message: Message) => void,
    allocate: Allocate = Buffer.allocUnsafeSlow.bind(Buffer),
  ) {
    this.#onMessage = onMessage;
    this.#allocate = allocate;
  }

  /** Where a large body continues: bytes that are read to here, and told of by `fill`, are not copied. */
  get space(): Buffer | undefined {
    if (!this.#content) return undefined;
    const { buffer, filled } = this.#content;
    return buffer.length - filled < MIN_SPACE ? undefined : buffer.subarray(filled);
  }

  /** Takes the next bytes, which are in `space`. */
  fill(count: number): boolean {
    if (this.#content) this.#content.filled += count;
    return this.#finish();
  }

  /** Takes the next bytes, and copies them. */
  read(chunk: Uint8Array): boolean {
    let rest = chunk;
    while (rest.length > 0) {
      rest = take(this.#content ?? this.#prefix, rest);
      if (!this.#begin() || !this.#finish()) return false;
    }
    return true;
  }

  /** Begins with the content once its lengths are known. */
  #begin(): boolean {
    if (this.#content || !isFull(this.#prefix)) return true;
    const { buffer } = this.#prefix;
    const [headerBytes, bodyBytes] = [buffer.readUInt32BE(0), buffer.readUInt32BE(4)];
    if (headerBytes > MAX_HEADER_BYTES || bodyBytes > MAX_BODY_BYTES) return false;
    const length = headerBytes + bodyBytes;
    const content = bodyBytes > 0 ? this.#allocate(length) : Buffer.allocUnsafeSlow(length);
    this.#content = { buffer: content, filled: 0, headerBytes };
    this.#prefix.filled = 0;
    return true;
  }

  #finish(): boolean {
    if (!this.#content || !isFull(this.#content)) return true;
    const { buffer, headerBytes } = this.#content;
    this.#content = undefined;
    try {
      const header: unknown = JSON.parse(buffer.toString("utf8", 0, headerBytes));
      this.#onMessage({ header, body: buffer.subarray(headerBytes) });
      return true;
    } catch {
      return false; // the stream is beyond repair, and the caller ends it
    }
  }
}

function isFull({ buffer, filled }: Part): boolean {
  return filled === buffer.length;
}

/** Copies what the part lacks, and gives the rest. */
function take(part: Part, bytes: Uint8Array): Uint8Array {
  const own = bytes.subarray(0, part.buffer.length - part.filled);
  part.buffer.set(own, part.filled);
  part.filled += own.length;
  return bytes.subarray(own.length);
}
