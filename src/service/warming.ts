import type { Config } from "../config/config.ts";
import { toAsync } from "../concurrency/to-async.ts";
import type { Warm } from "../media/warm/warm.ts";
import { createWarmer } from "../media/warm/warm.ts";
import type { Observe } from "../media/observe.ts";
import type { RequestRules } from "../request/request.ts";
import type { Variants } from "../media/variants/variants.ts";
import { getWorkerCount } from "./worker-count.ts";

interface Parts {
  readonly variants: Pick<Variants, "find">;
  readonly rules: RequestRules;
}

/** Warms up beside visitors, who come first: with what the image processes have left over. */
export function createBackgroundWarmer(parts: Parts, config: Config): Warm {
  const slots = getWorkerCount(config);
  return createWarmer({
    variants: parts.variants,
    rules: parts.rules,
    atOnce: {
      originals: slots + 1,
      variants: config.pool.queuePerChild * slots,
    },
    isBackground: true,
    now: () => performance.now(),
  });
}

/** Nobody waits for an answer, so nothing is given up because it waits for its turn. */
const PATIENCE_MS = 600_000;

/** The configuration of a process that only warms up. */
export function withoutTimeouts(config: Config): Config {
  return {
    ...config,
    pool: { ...config.pool, waitMs: PATIENCE_MS },
    timeouts: {
      ...config.timeouts,
      requestMs: PATIENCE_MS,
      // as a service has for what nobody waits for
      transformMs: 3 * config.timeouts.transformMs,
    },
  };
}

/**
 * Warms up with all image processes.
 *
 * @param originals how many may be at work at a time; by default as many as there are processes, and one
 * that is fetched meanwhile
 */
export function createExclusiveWarmer(parts: Parts, config: Config, originals?: number): Warm {
  const slots = getWorkerCount(config);
  return createWarmer({
    variants: parts.variants,
    rules: parts.rules,
    atOnce: {
      originals: originals ?? slots + 1,
      variants: Math.max(1, Math.floor((config.pool.queuePerChild * slots) / 2)),
    },
    isBackground: false,
    now: () => performance.now(),
  });
}

/** Makes what `EVENT_WARM` names of one original, behind everything else. */
export function createEventWarmer(
  { observe, ...parts }: Parts & { readonly observe: Observe },
  config: Config,
  signal: AbortSignal,
): (key: string) => Promise<void> {
  const warm = createBackgroundWarmer(parts, config);
  const outputs = [{ transforms: config.events.warm, formats: [] }];
  return async (key) => {
    for await (const result of warm(toAsync([{ key, outputs }]), signal)) {
      if (result.status !== "failed") continue;
      observe({ kind: "background_failed", task: `warm ${key}`, error: result.message });
    }
  };
}
