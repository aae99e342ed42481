interface ReadBody {
  readonly bytes: Uint8Array;
  /** False if the body has more bytes than were read. */
  readonly isWhole: boolean;
}

/** Reads a body up to a bound; the rest of a longer one is cancelled. */
export async function readBody(
  body: AsyncIterable<Uint8Array> | null,
  maxBytes: number,
): Promise<ReadBody> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let isWhole = true;
  for await (const chunk of body ?? []) {
    isWhole = size + chunk.length <= maxBytes;
    if (!isWhole) break;
    chunks.push(chunk);
    size += chunk.length;
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return { bytes, isWhole };
}
