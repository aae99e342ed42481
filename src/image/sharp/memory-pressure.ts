import { setImmediate } from "node:timers/promises";

const MAX_GARBAGE_BYTES = 64 * 1024 * 1024;

/** Bytes that may be garbage by now. */
let garbageBytes = 0;

/** Notes what will be garbage before long, such as a copy of the original. */
export function noteGarbage(bytes: number): void {
  garbageBytes += bytes;
}

/**
 * Gives back what earlier passes have left. V8 does not see that a few objects hold all the memory that a
 * process may have: three passes over 40 MP would fail for want of what nobody uses any more.
 */
export async function releaseGarbage(): Promise<void> {
  if (garbageBytes <= MAX_GARBAGE_BYTES) return;
  garbageBytes = 0;
  globalThis.gc?.(); // image processes are started with it
  await setImmediate(); // the memory of a buffer is freed by its finalizer, which comes later
}
