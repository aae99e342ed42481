import type { Json } from "./merge.ts";
import { mergeNamed } from "./merge.ts";
import type { Wish } from "../spec.ts";
import { hasOneBucket } from "../spec.ts";

const EVENTS = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"];

/** AWS alone tells of what its lifecycle rules delete. */
const EXPIRY = "s3:LifecycleExpiration:*";

/** Tells of originals that come, change and go, so that their variants are purged. */
export function notifications({ notify, originals, flavour }: Wish): Json {
  if (notify === "eventbridge") return { EventBridgeConfiguration: {}, TopicConfigurations: [] };
  if (notify === undefined || notify === "none") return { TopicConfigurations: [] };
  const FilterRules = [{ Name: "prefix", Value: originals.prefix }];
  return {
    TopicConfigurations: [
      {
        Id: "ShiftMediaOriginals",
        TopicArn: notify,
        Events: flavour === "aws" ? [...EVENTS, EXPIRY] : EVENTS,
        // S3 can name a folder, and not all but one
        ...(originals.prefix !== "" && { Filter: { Key: { FilterRules } } }),
      },
    ],
  };
}

/** EventBridge is for the whole bucket: others may need it, so that it is never turned off here. */
export function mergeNotifications(present: Json | undefined, ours: Json): Json {
  const { TopicConfigurations: _, ...rest } = present ?? {};
  const merged = mergeNamed(present, ours, { list: "TopicConfigurations", id: "Id" });
  const isBridged = ours["EventBridgeConfiguration"] !== undefined;
  return { ...(merged ?? rest), ...(isBridged && { EventBridgeConfiguration: {} }) };
}

/** What there is to know about a filter that S3 does not have. */
export function remarkOnNotifications(wish: Wish): string | undefined {
  if (!hasOneBucket(wish) || wish.originals.prefix !== "") return undefined;
  const own = "the service's own writes are told of too, and ignored by it";
  return wish.notify === "eventbridge"
    ? `${own}, unless the pattern of the rule keeps them out, as the one below does`
    : `${own}: S3 filters by a prefix, and cannot leave one out. Originals with a folder of their own (ORIGINALS_PREFIX) or a bucket of their own save that`;
}

/** For EventBridge, which can leave a prefix out. */
export function eventPattern({ originals, variants, ...wish }: Wish): Json {
  const isShared = originals.bucket === variants.bucket;
  const key =
    originals.prefix !== ""
      ? [{ prefix: originals.prefix }]
      : [{ "anything-but": { prefix: variants.prefix } }];
  const isFiltered = originals.prefix !== "" || isShared;
  return {
    source: ["aws.s3"],
    "detail-type": ["Object Created", "Object Deleted"],
    ...(wish.region !== undefined && { region: [wish.region] }),
    detail: {
      bucket: { name: [originals.bucket] },
      ...(isFiltered && { object: { key } }),
    },
  };
}
