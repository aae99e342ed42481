import { createHash } from "node:crypto";
import { Background } from "../../../src/async/background.ts";
import { Semaphore } from "../../../src/async/semaphore.ts";
import type { MediaEvent } from "../../../src/media/observe.ts";
import type { MissDeps } from "../../../src/media/variants/miss.ts";
import type { Transformed } from "../../../src/media/variants/miss.ts";
import { VariantCache } from "../../../src/media/variant-cache.ts";
import { Originals, tooManyReads } from "../../../src/media/originals/originals.ts";
import type { RequestRules, VariantRequest } from "../../../src/request/request.ts";
import { readRequest } from "../../../src/request/read.ts";
import type { Variant } from "../../../src/media/variant.ts";
import { Variants } from "../../../src/media/variants/variants.ts";
import { OpenBodies } from "../../../src/media/open-bodies.ts";
import { WriteBack } from "../../../src/media/variants/write-back.ts";
import { createMemoryStore } from "../../../src/store/memory.ts";
import type { ObjectStore } from "../../../src/store/store.ts";
import { DEFAULT_PREFIX } from "../url/prefix.ts";

/** Those of a service that is open. */
export const RULES: RequestRules = {
  basePath: "",
  prefix: DEFAULT_PREFIX,
  autoFormats: ["avif", "webp"],
  presets: new Map(),
  policy: { isOpen: true, hasPresets: false },
  mayMakeStored: () => true,
  unsignedStored: "all",
  originals: { passthrough: "refuse", prefix: "" },
  now: () => Date.now(),
};

export async function requestOf(target: string, rules = RULES): Promise<VariantRequest> {
  const request = await readRequest(target, undefined, rules);
  if (request.form === "original") throw new Error(`${target} asks for an original`);
  return request;
}

/** A use case on memory stores, whose calls are counted and whose clock is ours. */
export interface Bench {
  readonly variants: Variants;
  readonly sharedOriginals: Originals;
  readonly cache: VariantCache;
  readonly background: Background;
  readonly originals: ObjectStore;
  readonly store: ObjectStore;
  /** Every store call as `originals.get`, every event by its kind. */
  readonly calls: string[];
  readonly events: MediaEvent[];
  advance(ms: number): void;
  drain(): Promise<void>;
  putOriginal(key: string, text: string): Promise<void>;
  /** How often this was called or has happened. */
  count(name: string): number;
}

export interface BenchOptions {
  readonly budget?: number;
  readonly areLocal?: boolean;
  readonly cacheBytes?: number;
  readonly maxBytes?: number;
  readonly transform?: MissDeps["transform"];
  readonly hasRoom?: () => boolean;
  readonly freshness?: MissDeps["freshness"];
  readonly originals?: ObjectStore;
  readonly store?: ObjectStore;
}

/** The variant of a text is the text, twice, so that a variant shows its original. */
const TWICE: MissDeps["transform"] = async ({ bytes }) =>
  madeOf(new Uint8Array([...bytes, ...bytes]));

/** The result of a transform that takes no time. */
export function madeOf(bytes: Uint8Array): Transformed {
  return { kind: "made", bytes, width: 2, height: 1, queueMs: 0, transformMs: 0 };
}

export function createBench(options: BenchOptions = {}): Bench {
  const calls: string[] = [];
  const events: MediaEvent[] = [];
  const originals = options.originals ?? createMemoryStore();
  const store = options.store ?? createMemoryStore();
  const background = new Background();
  const observe = (event: MediaEvent): void => void events.push(event);
  const counted = {
    originals: countCalls("originals", originals, calls),
    variants: countCalls("variants", store, calls),
  };
  let now = 1_000_000;
  const openBodies = new OpenBodies({ limit: 16, now: () => performance.now() });
  const sharedOriginals = new Originals({
    store: counted.originals,
    areLocal: options.areLocal ?? false,
    areFreed: true,
    openBodies,
    maxBytes: options.maxBytes ?? 1000,
    budget: new Semaphore({
      limit: options.budget ?? 10_000_000,
      maxWaiting: 64,
      createRefusal: tooManyReads,
    }),
    budgetWaitMs: 100,
    cacheBytes: options.cacheBytes ?? 0,
    observe,
    now: () => now,
  });
  const cache = new VariantCache(() => now, 64 * 1024 * 1024);
  const variants = new Variants({
    originals: sharedOriginals,
    variants: counted.variants,
    openBodies,
    createHash: () => createHash("sha256"),
    transform: options.transform ?? TWICE,
    hasRoom: options.hasRoom ?? (() => true),
    prefix: DEFAULT_PREFIX,
    freshness: options.freshness ?? { mode: "check", ttlMs: 1000 },
    cache,
    writeBack: new WriteBack({
      ...counted,
      headers: { cacheControl: "max-age=1", versionedCacheControl: "max-age=2" },
    }),
    storeTimeoutMs: 500,
    requestTimeoutMs: 1000,
    background,
    observe,
    now: () => now,
  });
  return {
    variants,
    sharedOriginals,
    cache,
    background,
    originals,
    store,
    calls,
    events,
    advance: (ms) => {
      now += ms;
    },
    drain: () => background.drain(),
    putOriginal: async (key, text) => {
      await originals.put(key, new TextEncoder().encode(text), { contentType: "image/png" });
    },
    count: (name) =>
      [...calls, ...events.map(({ kind }) => kind)].filter((call) => call === name).length,
  };
}

function countCalls(name: string, store: ObjectStore, calls: string[]): ObjectStore {
  return new Proxy(store, {
    get: (target, method: keyof ObjectStore) => {
      // all members are methods, and not every store has all of them
      const call = target[method] as ((...args: unknown[]) => unknown) | undefined;
      if (!call) return undefined;
      return (...args: unknown[]) => {
        calls.push(`${name}.${method}`);
        return call.apply(target, args);
      };
    },
  });
}

/** The answer to a request for a variant, as text: the bytes that were made, or `stored`. */
export async function findText(bench: Bench, target = "/w_300/cat.jpg"): Promise<string> {
  const outcome = await bench.variants.find(await requestOf(target));
  return outcome.kind === "made" ? new TextDecoder().decode(outcome.variant.bytes) : outcome.kind;
}

/** All bytes of a variant that was found. */
export async function readAll(
  { variants }: Pick<Bench, "variants">,
  ...[request, info]: Parameters<Variants["read"]>
): Promise<Variant> {
  const result = await variants.read(request, info);
  if (result.kind === "whole") return result.variant;
  const chunks: Uint8Array[] = [];
  for await (const chunk of result.body) chunks.push(chunk);
  return { info: result.info, bytes: Buffer.concat(chunks) };
}
