import type { Config } from "../config/config.ts";
import { fetchText } from "../events/fetch-text.ts";
import { createReceiver } from "../events/receive.ts";
import { createSnsReader } from "../events/sns.ts";
import type { EventReceiver } from "../http/admin/events.ts";
import type { Purge } from "../http/admin/purge.ts";
import type { BucketEventDeps } from "../events/purge-changed.ts";
import { createEventHandler } from "../events/purge-changed.ts";
import { purge } from "../media/purge/purge.ts";

export interface Purging {
  readonly purge: Purge;
  readonly events: EventReceiver;
}

/** Wires what deletes variants: whoever asks for it, and the events of buckets. */
export function createPurging(
  { store, events }: Pick<Config, "store" | "events">,
  parts: Omit<BucketEventDeps, "bucket">,
): Purging {
  const bucket = store.kind === "s3" ? store.originalsBucket : undefined;
  const { receive, receiveSns } = createReceiver({
    handle: createEventHandler({ ...parts, bucket }),
    observe: parts.observe,
    readSns: createSnsReader({
      topics: events.topics,
      fetchCertificate: fetchText,
      now: () => Date.now(),
    }),
    visit: fetchText,
  });
  return {
    purge: (target, options) => purge(parts, target, options),
    events: { receive, ...(events.topics.size > 0 && { receiveSns }) },
  };
}
