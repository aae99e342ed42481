import { pause } from "../../async/abort.ts";
import type { WarmEntry, WarmRequest } from "./request.ts";
import { MAX_COMBINATIONS, sumCombinations } from "./request.ts";

/** The wait for the next line before the work on the present one begins. */
const LOOK_AHEAD_MS = 20;

/** Joins consecutive requests for the same original, so that it is fetched once. */
export async function* joinNeighbours(
  entries: AsyncIterable<WarmEntry>,
): AsyncGenerator<WarmEntry> {
  const iterator = entries[Symbol.asyncIterator]();
  let held: WarmEntry | undefined;
  try {
    let coming = readAhead(iterator);
    for (;;) {
      const next = await lookAhead(held, coming);
      const joined = joinEntries(held, next);
      if (held && !joined) yield held;
      if (next?.done) return;
      held = joined ?? next?.value;
      if (next) coming = readAhead(iterator);
    }
  } finally {
    await iterator.return?.();
  }
}

/** Undefined if the next entry does not come in time while one is held. */
function lookAhead<T>(held: unknown, coming: Promise<T>): Promise<T | undefined> {
  return held ? Promise.race([coming, pause(LOOK_AHEAD_MS)]) : coming;
}

/** A failure is reported to the caller that awaits it, and is not unhandled before. */
function readAhead<T>(iterator: AsyncIterator<T>): Promise<IteratorResult<T>> {
  const next = iterator.next();
  next.catch(() => undefined);
  return next;
}

function joinEntries(
  held: WarmEntry | undefined,
  next: IteratorResult<WarmEntry> | undefined,
): WarmRequest | undefined {
  if (!held || !next || next.done || "problem" in held || "problem" in next.value) return undefined;
  if (next.value.key !== held.key) return undefined;
  const outputs = [...held.outputs, ...next.value.outputs];
  return sumCombinations(outputs) <= MAX_COMBINATIONS ? { key: held.key, outputs } : undefined;
}
