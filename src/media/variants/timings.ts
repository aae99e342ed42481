/** The parts of a request that take time, in the order in which they happen. */
export const PHASES = [
  /** What is remembered was enough. */
  "memo",
  /** Somebody else's job was waited for. */
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

/** Notes how long a part takes, whether it ends well or not. */
export async function timed<T>(
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
