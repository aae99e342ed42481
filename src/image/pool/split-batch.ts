import { planSharing } from "../share/decode-group.ts";
import type { ImageJob } from "../worker.ts";

// Costs are CPU time, in that of one whole decode of the original.

const DECODE_COST = 1;
/** A decode is done once more only if that shortens a batch by at least this cost. */
const MIN_GAIN = 0.75;

interface HasJob {
  readonly job: ImageJob;
}

/** Outputs that one worker makes: those of an image, of some images that share a decode, or all. */
interface Part<T> {
  readonly outputs: readonly T[];
  readonly cost: number;
}

/**
 * Splits outputs of one original among workers. Those that share a decode stay together unless another decode is worth
 * it, and formats of one image always do.
 *
 * @param running the output that the first worker makes at present, and whose decode it has done
 */
export function splitBatch<T extends HasJob>(
  outputs: readonly T[],
  workers: number,
  running?: T,
): readonly (readonly T[])[] {
  if (workers < 2 || outputs.length < 2) return [outputs];
  const units = listUnits(outputs, running);
  let counts = units.map(() => 1);
  const distribute = (pieceCounts: readonly number[]): readonly Part<T>[] => {
    const pieces = units.flatMap((images, index) => shareOut(images, pieceCounts[index] ?? 1));
    const isPinned = (piece: Part<T>): boolean => piece.outputs.some((each) => each === running);
    const withDecode = pieces.map((piece) =>
      isPinned(piece) ? piece : { ...piece, cost: piece.cost + DECODE_COST },
    );
    return shareOut(withDecode, workers, isPinned);
  };
  let parts = distribute(counts);
  for (const [index, images] of units.entries()) {
    for (let count = 2; count <= Math.min(workers, images.length); count += 1) {
      const finer = distribute(counts.with(index, count));
      if (getLongest(finer) + MIN_GAIN > getLongest(parts)) break;
      counts = counts.with(index, count);
      parts = finer;
    }
  }
  return parts.map((part) => outputs.filter((output) => part.outputs.includes(output)));
}

/** Lists the images that share a decode with each other. Heavy outputs keep others waiting, so each is on its own. */
function listUnits<T extends HasJob>(
  outputs: readonly T[],
  running: T | undefined,
): readonly (readonly Part<T>[])[] {
  const units = new Map<unknown, Map<unknown, Part<T>>>();
  for (const output of outputs) {
    const { shrink, imageKey, isHeavy, encodeCost } = planSharing(output.job);
    const imageId = (isHeavy ? undefined : imageKey) ?? output;
    const unitId = imageId === output ? output : (shrink ?? imageId);
    const unit = units.get(unitId) ?? new Map<unknown, Part<T>>();
    const image = unit.get(imageId) ?? { outputs: [], cost: 0 };
    // on average half of what runs is done
    const cost = image.cost + encodeCost / (output === running ? 2 : 1);
    units.set(unitId, unit.set(imageId, { outputs: [...image.outputs, output], cost }));
  }
  return [...units.values()].map((unit) => [...unit.values()]);
}

/** Gives each value, the most expensive first, to the part that has least, and one that is pinned to the first part. */
function shareOut<T>(
  values: readonly Part<T>[],
  count: number,
  isPinned: (value: Part<T>) => boolean = () => false,
): readonly Part<T>[] {
  const parts = Array.from({ length: count }, (): Part<T> => ({ outputs: [], cost: 0 }));
  const rank = (value: Part<T>): number => (isPinned(value) ? Infinity : value.cost);
  for (const value of values.toSorted((one, other) => rank(other) - rank(one))) {
    const costs = parts.map(({ cost }) => cost);
    const index = costs.indexOf(Math.min(...costs)); // of none, the first
    const { outputs = [], cost = 0 } = parts[index] ?? {};
    parts[index] = { outputs: [...outputs, ...value.outputs], cost: cost + value.cost };
  }
  return parts;
}

function getLongest(parts: readonly Part<unknown>[]): number {
  return Math.max(...parts.map(({ cost }) => cost));
}
