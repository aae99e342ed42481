import type { Json } from "./merge.ts";
import { mergeNamed } from "./merge.ts";
import type { BucketSpec } from "../spec.ts";
import { hasOneBucket } from "../spec.ts";

const EVENTS = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"];

/** Deletions by lifecycle rules; only AWS announces them. */
const EXPIRY = "s3:LifecycleExpiration:*";

/** Announces new, changed and deleted originals, so that their variants are purged. */
export function buildNotifications({ notify, originals, provider }: BucketSpec): Json {
  if (notify === "eventbridge") return { EventBridgeConfiguration: {}, TopicConfigurations: [] };
  if (notify === undefined || notify === "none") return { TopicConfigurations: [] };
  const FilterRules = [{ Name: "prefix", Value: originals.prefix }];
  return {
    TopicConfigurations: [
      {
        Id: "ShiftMediaOriginals",
        TopicArn: notify,
        Events: provider === "aws" ? [...EVENTS, EXPIRY] : EVENTS,
        // S3 filters by a prefix, but cannot exclude one
        ...(originals.prefix !== "" && { Filter: { Key: { FilterRules } } }),
      },
    ],
  };
}

/** Never turns EventBridge off: it is one setting for the whole bucket, and others may need it. */
export function mergeNotifications(present: Json | undefined, ours: Json): Json {
  const { TopicConfigurations: _, ...rest } = present ?? {};
  const merged = mergeNamed(present, ours, { list: "TopicConfigurations", id: "Id" });
  const isBridged = ours["EventBridgeConfiguration"] !== undefined;
  return { ...(merged ?? rest), ...(isBridged && { EventBridgeConfiguration: {} }) };
}

/** Explains why the service also gets events of its own writes, if it does. */
export function explainNotifications(spec: BucketSpec): string | undefined {
  if (!hasOneBucket(spec) || spec.originals.prefix !== "") return undefined;
  const own = "the service also gets events of its own writes, and ignores them";
  return spec.notify === "eventbridge"
    ? `${own}, unless the event pattern excludes them, as the one below does`
    : `${own}; to avoid them, keep originals below ORIGINALS_PREFIX or in a bucket of their own`;
}

/** The pattern of an EventBridge rule, which can exclude a prefix. */
export function buildEventPattern({ originals, variants, ...spec }: BucketSpec): Json {
  const isShared = originals.bucket === variants.bucket;
  const key =
    originals.prefix !== ""
      ? [{ prefix: originals.prefix }]
      : [{ "anything-but": { prefix: variants.prefix } }];
  const isFiltered = originals.prefix !== "" || isShared;
  return {
    source: ["aws.s3"],
    "detail-type": ["Object Created", "Object Deleted"],
    ...(spec.region !== undefined && { region: [spec.region] }),
    detail: {
      bucket: { name: [originals.bucket] },
      ...(isFiltered && { object: { key } }),
    },
  };
}
