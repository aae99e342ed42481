import type { PooledOutput } from "./pooled-output.ts";

type IsWanted = (output: PooledOutput) => boolean;

/** The outputs that no worker has, by their originals, which take turns. */
export class OutputQueue {
  /** The turn of the first original is next. */
  #originals = new Map<unknown, readonly PooledOutput[]>();

  /** The number of originals. */
  get size(): number {
    return this.#originals.size;
  }

  list(): readonly PooledOutput[] {
    return [...this.#originals.values()].flat();
  }

  /** Counts the originals that have outputs of some kind. */
  count(isWanted: IsWanted): number {
    return [...this.#originals.values()].filter((outputs) => outputs.some(isWanted)).length;
  }

  add(output: PooledOutput): void {
    const others = this.#originals.get(output.original) ?? [];
    this.#originals.set(output.original, [...others, output]);
  }

  /** Puts outputs of one original back, so that its turn is next. */
  putBack(outputs: readonly PooledOutput[]): void {
    const original = outputs[0]?.original;
    if (original === undefined) return;
    const others = this.#originals.get(original) ?? [];
    this.#originals.delete(original);
    this.#originals = new Map([[original, [...outputs, ...others]], ...this.#originals]);
  }

  delete(output: PooledOutput): void {
    this.takeFrom(output.original, (other) => other === output, 1);
  }

  /** Takes outputs of the first original that has any of some kind. What is left of it waits for its next turn. */
  takeNext(isWanted: IsWanted, limit: number): readonly PooledOutput[] {
    const next = [...this.#originals].find(([, outputs]) => outputs.some(isWanted));
    if (!next) return [];
    const [original, outputs] = next;
    this.#originals.delete(original);
    this.#originals.set(original, outputs);
    return this.takeFrom(original, isWanted, limit);
  }

  /** Takes outputs of some kind of an original. */
  takeFrom(original: unknown, isWanted: IsWanted, limit: number): readonly PooledOutput[] {
    const outputs = this.#originals.get(original) ?? [];
    const taken = outputs.filter(isWanted).slice(0, limit);
    const left = outputs.filter((output) => !taken.includes(output));
    if (left.length > 0) this.#originals.set(original, left);
    else this.#originals.delete(original);
    return taken;
  }
}
