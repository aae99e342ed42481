import { MediaError } from "../errors.ts";
import type { VariantPrefix } from "../url/variant-key.ts";
import { isInTrash } from "../url/trash.ts";
import { isUnderRoot } from "../url/variant-key.ts";
import type { Background } from "../async/background.ts";
import { toCacheTag } from "../url/cache-tag.ts";
import type { BucketEventOutcome, Observe } from "../media/observe.ts";
import type { PurgeDeps } from "../media/purge/purge.ts";
import { checkPurgeTarget, purgeAll } from "../media/purge/purge.ts";

/** Originals of one message that are purged at the same time. */
const CONCURRENCY = 8;

/** A change of one object in a bucket; its key is decoded. */
export interface BucketEvent {
  /** `created` means new or replaced. */
  readonly kind: "created" | "deleted";
  readonly bucket: string;
  readonly key: string;
}

/** An event that is not about the bytes of an object. */
export interface OtherEvent {
  readonly kind: "other";
  readonly reason: string;
}

/** A malformed record beside good ones. */
export interface RefusedEvent {
  readonly kind: "refused";
  readonly reason: string;
}

export interface BucketEventDeps extends PurgeDeps {
  readonly background: Background;
  /** The bucket of the originals; absent for originals in a folder. */
  readonly bucket: string | undefined;
  /** Makes variants of an original ahead of time; reports its own failures. */
  readonly warm?: (key: string) => Promise<void>;
}

/** The answer to a message. */
export interface Receipt {
  readonly purged: readonly {
    readonly key: string;
    /** The number of deleted variants. */
    readonly variants: number;
    readonly cacheTag: string;
  }[];
  readonly ignored: readonly { readonly key?: string; readonly reason: string }[];
  /** Malformed records, if any; to send them again would not help. */
  readonly refused?: readonly { readonly reason: string }[];
}

/**
 * Purges the variants of changed originals. Events may come twice and in any order: a purge too many only costs
 * making the variants again.
 *
 * @throws MediaError what the store throws, after all other originals of the message were purged
 */
export type HandleEvents = (
  events: readonly (BucketEvent | OtherEvent | RefusedEvent)[],
) => Promise<Receipt>;

export function createEventHandler(deps: BucketEventDeps): HandleEvents {
  const { warm, background, observe } = deps;
  const warmLater = warm && createWarmLater({ warm, background });
  return async (events) => {
    const { keys, ignored, refused } = sort(deps, events);
    count(observe, "ignored", ignored.length);
    count(observe, "refused", refused.length);
    const purged = await purgeEach(deps, [...keys.keys()]);
    for (const [key, kind] of keys) if (kind === "created") warmLater?.(key);
    return { purged, ignored, ...(refused.length > 0 && { refused }) };
  };
}

interface Sorted {
  readonly keys: ReadonlyMap<string, BucketEvent["kind"]>;
  readonly ignored: Receipt["ignored"];
  readonly refused: NonNullable<Receipt["refused"]>;
}

function sort(deps: BucketEventDeps, events: Parameters<HandleEvents>[0]): Sorted {
  const ignored: { key?: string; reason: string }[] = [];
  const refused: { reason: string }[] = [];
  const keys = new Map<string, BucketEvent["kind"]>();
  for (const event of events) {
    if (event.kind === "refused") {
      refused.push({ reason: event.reason });
      continue;
    }
    const reason = event.kind === "other" ? event.reason : findReasonToIgnore(deps, event);
    if (event.kind === "other" || reason) ignored.push(toIgnored(event, reason ?? ""));
    else keys.set(event.key, event.kind);
  }
  return { keys, ignored, refused };
}

function toIgnored(
  event: BucketEvent | OtherEvent,
  reason: string,
): { key?: string; reason: string } {
  return event.kind === "other" ? { reason } : { key: event.key, reason };
}

function count(observe: Observe, outcome: BucketEventOutcome, times: number): void {
  for (let index = 0; index < times; index += 1) observe({ kind: "bucket_event", outcome });
}

/** Tells why an event does not concern the variants of an original. */
function findReasonToIgnore(
  { bucket, prefix }: { readonly bucket: string | undefined; readonly prefix: VariantPrefix },
  event: BucketEvent,
): string | undefined {
  if (bucket !== undefined && event.bucket !== bucket) {
    return `the bucket of the originals is another than "${event.bucket}"`;
  }
  // with one bucket, the writes of this service itself cause events, too
  if (isUnderRoot(prefix.root, event.key)) return `the key is under "${prefix.root}"`;
  if (isInTrash(event.key)) return "it is the copy of a deleted file";
  try {
    checkPurgeTarget({ kind: "key", key: event.key }, prefix);
    return undefined;
  } catch (error) {
    if (!(error instanceof MediaError)) throw error;
    return `no variant can be made of it: ${error.message}`;
  }
}

async function purgeEach(
  deps: BucketEventDeps,
  keys: readonly string[],
): Promise<Receipt["purged"]> {
  const purged: { key: string; variants: number; cacheTag: string }[] = [];
  const failures: unknown[] = [];
  const queue = keys.values();
  const work = async (): Promise<void> => {
    for (const key of queue) {
      try {
        const variants = await purgeAll(deps, key);
        purged.push({ key, variants, cacheTag: toCacheTag(key) });
      } catch (error) {
        // the store cannot hold such a key, so it has no variants
        if (!(error instanceof MediaError) || error.code !== "invalid_key") failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  count(deps.observe, "purged", purged.length);
  count(deps.observe, "failed", failures.length);
  if (failures.length > 0) throw failures[0];
  return purged;
}

/** Originals beyond this number are not warmed up: their variants are made on request. */
const MAX_WAITING = 1000;

/** Warms up one original after the other; one that waits already is not added again. */
function createWarmLater({
  warm,
  background,
}: {
  /** Reports its own failures. */
  readonly warm: (key: string) => Promise<void>;
  readonly background: Pick<Background, "run">;
}): (key: string) => void {
  const waiting = new Set<string>();
  let isRunning = false;
  const run = async (): Promise<void> => {
    isRunning = true;
    for (const key of waiting) {
      waiting.delete(key);
      await warm(key).catch(() => undefined);
    }
    isRunning = false;
  };
  return (key) => {
    if (waiting.size < MAX_WAITING) waiting.add(key);
    if (!isRunning) background.run(run());
  };
}
