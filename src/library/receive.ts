import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { ByteSource } from "../store/store.ts";
import { Refused } from "./refusal.ts";

/** A file as programs give it. `{ path }` is a file of this machine, which stays as it is. */
export type FileBody =
  | Blob
  | Uint8Array
  | ArrayBuffer
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | { readonly path: string };

export interface ReceiveOptions {
  readonly maxBytes: number;
  /** The length that was declared for a stream. */
  readonly size?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A file that was received into a temporary file, of which nobody else knows. */
export interface Received {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
}

/**
 * Writes a body into a temporary file, whatever its length, and deletes the file after `use`.
 *
 * @throws Refused `too_large`; `unusable` for no bytes, or another number than was declared. Errors of the stream as
 * they are
 */
export async function withReceived<T>(
  body: FileBody,
  options: ReceiveOptions,
  use: (received: Received) => Promise<T>,
): Promise<T> {
  const declared = options.size ?? (await getSize(body));
  if (declared !== undefined) checkSize(declared, options.maxBytes);
  const path = join(tmpdir(), `shift-media-${randomUUID()}`);
  try {
    const { size, sha256 } = await write(path, openBody(body, options.signal), options.maxBytes);
    if (declared !== undefined && size !== declared) {
      throw new Refused(
        "unusable",
        `the file must have the ${declared} bytes that were declared, got ${size}`,
      );
    }
    checkSize(size, options.maxBytes);
    return await use({ path, size, sha256 });
  } finally {
    await rm(path, { force: true });
  }
}

function checkSize(size: number, maxBytes: number): void {
  if (size === 0) throw new Refused("unusable", "the file is empty");
  if (size > maxBytes) throw tooManyBytes(maxBytes);
}

function tooManyBytes(maxBytes: number): Refused {
  return new Refused("too_large", `the file must have at most ${maxBytes} bytes`);
}

async function getSize(body: FileBody): Promise<number | undefined> {
  if (body instanceof Blob) return body.size;
  if (body instanceof Uint8Array || body instanceof ArrayBuffer) return body.byteLength;
  return "path" in body ? (await stat(body.path)).size : undefined;
}

/** The name that a body brings along. */
export function getName(body: FileBody): string | undefined {
  if (body instanceof File) return body.name;
  return "path" in body && typeof body.path === "string" ? basename(body.path) : undefined;
}

function openBody(body: FileBody, signal: AbortSignal | undefined): AsyncIterable<Uint8Array> {
  if (body instanceof Blob) return body.stream();
  if (body instanceof ArrayBuffer) return toIterable(new Uint8Array(body));
  if (body instanceof Uint8Array) return toIterable(body);
  if ("path" in body) return createReadStream(body.path, { ...(signal && { signal }) });
  return body;
}

async function* toIterable(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function write(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<{ readonly size: number; readonly sha256: string }> {
  const file = await open(path, "wx", 0o600);
  const hash = createHash("sha256");
  let size = 0;
  try {
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > maxBytes) throw tooManyBytes(maxBytes);
      hash.update(chunk);
      await file.writeFile(chunk); // from where the last one ended
    }
    return { size, sha256: hash.digest("hex") };
  } finally {
    await file.close();
  }
}

export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array); // without an encoding
  return hash.digest("hex");
}

export function toByteSource({ path, size }: Pick<Received, "path" | "size">): ByteSource {
  return { size, open: () => createReadStream(path) };
}
