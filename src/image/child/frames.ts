import type { Duplex } from "node:stream";

/** Lengths of the header and of the body, both unsigned 32-bit integers, big-endian. */
const PREFIX_BYTES = 8;
const MAX_HEADER_BYTES = 64 * 1024;
const MAX_BODY_BYTES = 512 * 1024 * 1024;

/** A message between the service and one of its children: JSON, and bytes that JSON is no good for. */
export interface Frame {
  readonly header: unknown;
  readonly body: Uint8Array;
}

/** Writes a frame. The body is handed to the stream as it is, and not copied. */
export function writeFrame(stream: Duplex, { header, body }: Frame): void {
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

/** Makes room for so many bytes. */
export type Allocate = (bytes: number) => Buffer;

/** Reads frames as they arrive. Garbage destroys the stream with an error. */
export function readFrames(stream: Duplex, onFrame: (frame: Frame) => void): void {
  const read = createFrameReader(onFrame);
  stream.on("data", (chunk: Buffer) => {
    if (!read(chunk)) stream.destroy(new Error("not a frame"));
  });
}

/**
 * Reads frames from pieces of them, each copied once: the pieces may change after. What is no frame gives `false`, and
 * is beyond repair.
 *
 * @param allocate makes room for a header and its body, where it has one: a body lasts as long as that
 */
export function createFrameReader(
  onFrame: (frame: Frame) => void,
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
      const frame = toFrame(bytes, headerBytes);
      if (!frame) return false;
      onFrame(frame);
    }
    return true;
  };
}

function readPrefix(prefix: Buffer): { header: number; body: number } | undefined {
  const header = prefix.readUInt32BE(0);
  const body = prefix.readUInt32BE(4);
  return header > MAX_HEADER_BYTES || body > MAX_BODY_BYTES ? undefined : { header, body };
}

function toFrame(bytes: Buffer, headerBytes: number): Frame | undefined {
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
