import { toAsync } from "../async/to-async.ts";
import type { Config } from "../config/config.ts";
import { getWorkerCount } from "../config/config.ts";
import type { Observe } from "../media/observe.ts";
import type { Variants } from "../media/variants/variants.ts";
import type { WarmFinder } from "../media/warm/result.ts";
import type { Warm } from "../media/warm/warm.ts";
import { createWarmer } from "../media/warm/warm.ts";
import type { RequestRules } from "../request/request.ts";

export interface WarmerDeps {
  readonly variants: Pick<Variants, "find">;
  readonly rules: RequestRules;
}

/** Warms up beside clients, whose requests come first. */
export function createBackgroundWarmer(
  { variants, rules }: WarmerDeps,
  { pool }: Pick<Config, "pool">,
): Warm {
  const workers = getWorkerCount(pool);
  return createWarmer({
    variants,
    rules,
    atOnce: { originals: workers + 1, variants: pool.queuePerChild * workers },
    isBackground: true,
    now: () => performance.now(),
  });
}

/** No client waits for a warm-up, so its jobs may wait this long in the queue. */
const QUEUE_WAIT_MS = 600_000;

/** The configuration of a process that only warms up. */
export function withoutTimeouts<C extends Pick<Config, "pool" | "timeouts">>(config: C): C {
  const { pool, timeouts } = config;
  return {
    ...config,
    pool: { ...pool, waitMs: QUEUE_WAIT_MS },
    timeouts: {
      ...timeouts,
      requestMs: QUEUE_WAIT_MS,
      // as a service has for background jobs
      transformMs: 3 * timeouts.transformMs,
    },
  };
}

interface ExclusiveOptions extends Pick<WarmFinder, "renews"> {
  /**
   * How many may be at work at the same time. Default: one for each image process, and one that is fetched meanwhile.
   */
  readonly originals?: number | undefined;
}

/** Warms up with all image processes. */
export function createExclusiveWarmer(
  { variants, rules }: WarmerDeps,
  { pool }: Pick<Config, "pool">,
  { originals, renews = false }: ExclusiveOptions,
): Warm {
  const workers = getWorkerCount(pool);
  return createWarmer({
    variants,
    rules,
    atOnce: {
      originals: originals ?? workers + 1,
      variants: Math.max(1, Math.floor((pool.queuePerChild * workers) / 2)),
    },
    isBackground: false,
    renews,
    now: () => performance.now(),
  });
}

/** Makes the variants of some transforms for one original, in the background. */
export function createVariantMaker(
  { observe, ...deps }: WarmerDeps & { readonly observe: Observe },
  { pool }: Pick<Config, "pool">,
  signal: AbortSignal,
): (key: string, transforms: readonly string[]) => Promise<void> {
  const warm = createBackgroundWarmer(deps, { pool });
  return async (key, transforms) => {
    const outputs = [{ transforms, formats: [] }];
    for await (const result of warm(toAsync([{ key, outputs }]), signal)) {
      if (result.status !== "failed") continue;
      observe({ kind: "background_failed", task: `warm ${key}`, error: result.message });
    }
  };
}
