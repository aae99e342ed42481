/** The parts of a request that take time, in the order in which they happen. */
export const PHASES = [
  /** The answer came from memory. */
  "memo",
  /** The wait for another request's job. */
  "join",
  "head",
  "fetch",
  "queue",
  "decode-encode",
  "store",
] as const;

export type Phase = (typeof PHASES)[number];

/** How long each part of a request took, in milliseconds; filled in as they end. */
export type Timings = Partial<Record<Phase, number>>;

/** Measures a part, whether it succeeds or fails. */
export async function measurePhase<T>(
  now: () => number,
  { timings, phase }: { readonly timings: Timings; readonly phase: Phase },
  work: () => Promise<T>,
): Promise<T> {
  const begin = now();
  try {
    return await work();
  } finally {
    timings[phase] = now() - begin;
  }
}
