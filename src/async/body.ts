interface ReadBody {
  readonly bytes: Uint8Array;
  /** False if the body has more bytes than were read. */
  readonly isWhole: boolean;
}

/** Reads a body up to a bound; what goes beyond is cut off, and the rest is cancelled. */
export async function readBody(
  body: AsyncIterable<Uint8Array> | null,
  maxBytes: number,
): Promise<ReadBody> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let isWhole = true;
  for await (const chunk of body ?? []) {
    const kept = chunk.subarray(0, maxBytes - size);
    chunks.push(kept);
    size += kept.length;
    isWhole = kept.length === chunk.length;
    if (!isWhole) break;
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return { bytes, isWhole };
}
