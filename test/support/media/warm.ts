import type { Warm, WarmDeps } from "../../../src/media/warm/warm.ts";
import { createWarmer } from "../../../src/media/warm/warm.ts";
import { parseWarmRequests } from "../../../src/media/warm/request.ts";
import type { WarmResult } from "../../../src/media/warm/result.ts";
import { parsePresets } from "../../../src/transform/presets.ts";
import type { Bench, BenchOptions } from "./variants.ts";
import { createBench, RULES } from "./variants.ts";

export interface WarmBench extends Bench {
  readonly warm: Warm;
}

export function createWarmBench(
  options: BenchOptions = {},
  deps: Partial<WarmDeps> = {},
): WarmBench {
  const bench = createBench(options);
  const warm = createWarmer({
    variants: bench.variants,
    rules: { ...RULES, presets: parsePresets({ card: "w_300,h_200", half: "w_50,f_webp" }) },
    atOnce: { originals: 2, variants: 100 },
    isBackground: true,
    now: () => 0,
    retryPauseMs: 1,
    ...deps,
  });
  return { ...bench, warm };
}

export const NEVER: AbortSignal = new AbortController().signal;

export async function* each<T>(values: Iterable<T>): AsyncGenerator<T> {
  yield* values;
}

export async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

export function warmAll({ warm }: WarmBench, body: unknown): Promise<WarmResult[]> {
  return collect(warm(each(parseWarmRequests(JSON.stringify(body))), NEVER));
}

export function namesOf(results: readonly WarmResult[]): string[] {
  return results.map(({ variant = "-", status }) => `${status} ${variant}`).toSorted();
}
