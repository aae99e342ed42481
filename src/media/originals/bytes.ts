/** The allocator of the system uses the memory of smaller ones again at once. */
const MIN_BYTES = 256 * 1024;

/**
 * Allocates the bytes of an original, which `freeBytes` gives back. Garbage of originals grows by 64 MiB before V8
 * collects it, and the memory of what it collects stays with the process. The pages of a resizable buffer go back to the
 * system when it is shortened.
 */
export function allocateBytes(size: number): Uint8Array<ArrayBuffer> {
  if (size < MIN_BYTES) return new Uint8Array(size);
  return new Uint8Array(new ArrayBuffer(size, { maxByteLength: size }), 0, size);
}

/** Frees bytes that `allocateBytes` has allocated, and leaves others alone. Whoever reads them then finds none. */
export function freeBytes({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.resizable) buffer.resize(0);
}
