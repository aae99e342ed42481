import { setImmediate } from "node:timers/promises";

const MAX_GARBAGE_BYTES = 64 * 1024 * 1024;

/** Bytes that are garbage, or about to be. */
let garbageBytes = 0;

/** Notes bytes that will soon be garbage, such as a copy of the original. */
export function noteGarbage(bytes: number): void {
  garbageBytes += bytes;
}

/**
 * Frees the garbage of earlier passes. V8 does not know that a few objects hold all the memory that a process may have:
 * three passes over 40 MP would fail while most of it is unused.
 */
export async function releaseGarbage(): Promise<void> {
  if (garbageBytes <= MAX_GARBAGE_BYTES) return;
  garbageBytes = 0;
  globalThis.gc?.(); // image processes are started with it
  await setImmediate(); // the memory of a buffer is freed by its finalizer, which comes later
}
