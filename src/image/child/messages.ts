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
  const read = createMessageReader(onMessage);
  stream.on("data", (chunk: Buffer) => {
    if (!read(chunk)) stream.destroy(new Error("not a message"));
  });
}

/**
 * Reads messages from pieces of a stream. Each piece is copied once, and may change afterwards. The reader returns
 * `false` for garbage, after which the stream cannot be read any more.
 *
 * @param allocate gives the buffer of a header and its body, where there is a body. The body is valid for as long as
 * the buffer is.
 */
export function createMessageReader(
  onMessage: (message: Message) => void,
  allocate: Allocate = Buffer.allocUnsafeSlow,
): (chunk: Uint8Array) => boolean {
  const prefix = createCollector(PREFIX_BYTES);
  let content: Collector | undefined;
  let headerBytes = 0;
  return (chunk) => {
    let rest = chunk;
    while (rest.length > 0 || content?.isFull()) {
      if (!content) {
        rest = prefix.take(rest);
        if (!prefix.isFull()) return true;
        const lengths = readPrefix(prefix.reset());
        if (!lengths) return false;
        headerBytes = lengths.header;
        const bytes = lengths.header + lengths.body;
        content = createCollector(bytes, lengths.body > 0 ? allocate : undefined);
      }
      rest = content.take(rest);
      if (!content.isFull()) return true;
      const bytes = content.reset();
      content = undefined;
      const message = toMessage(bytes, headerBytes);
      if (!message) return false;
      onMessage(message);
    }
    return true;
  };
}

function readPrefix(prefix: Buffer): { header: number; body: number } | undefined {
  const header = prefix.readUInt32BE(0);
  const body = prefix.readUInt32BE(4);
  return header > MAX_HEADER_BYTES || body > MAX_BODY_BYTES ? undefined : { header, body };
}

function toMessage(bytes: Buffer, headerBytes: number): Message | undefined {
  try {
    const header: unknown = JSON.parse(bytes.toString("utf8", 0, headerBytes));
    return { header, body: bytes.subarray(headerBytes) };
  } catch {
    return undefined; // the stream is beyond repair, and the caller ends it
  }
}

interface Collector {
  /** Takes what it still needs and gives back the rest. */
  take(chunk: Uint8Array): Uint8Array;
  isFull(): boolean;
  /** Gives what was collected and begins anew. */
  reset(): Buffer;
}

function createCollector(size: number, allocate: Allocate = Buffer.allocUnsafeSlow): Collector {
  let buffer: Buffer | undefined;
  let filled = 0;
  return {
    take: (chunk) => {
      buffer ??= allocate(size);
      const part = chunk.subarray(0, size - filled);
      buffer.set(part, filled);
      filled += part.length;
      return chunk.subarray(part.length);
    },
    isFull: () => filled === size,
    reset: () => {
      const full = buffer ?? Buffer.alloc(0);
      buffer = undefined;
      filled = 0;
      return full;
    },
  };
}
