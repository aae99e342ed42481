import type { S3Client } from "@aws-sdk/client-s3";
import type { Config } from "../config/config.ts";
import type { StoreConfig } from "../config/store.ts";
import { createS3Client } from "../store/s3/client.ts";
import type { Presign } from "../store/s3/presign.ts";
import { createPresign } from "../store/s3/presign.ts";
import { createS3Store } from "../store/s3/store.ts";
import type { ObjectStore } from "../store/store.ts";

export interface S3Stores {
  readonly originals: ObjectStore;
  readonly variants: ObjectStore;
  readonly presign: Presign;
}

type Buckets = Extract<StoreConfig, { kind: "s3" }>;

/** The buckets of a configuration. */
export function createS3Stores(
  store: Buckets,
  { timeouts, limits, prefix, access }: Omit<Config, "store">,
): S3Stores {
  const createClient = (mayRest = false): S3Client =>
    createS3Client({
      forcePathStyle: store.forcePathStyle,
      timeoutMs: timeouts.storeMs,
      maxSockets: limits.storeSockets,
      mayRest,
    });
  // sockets of their own: no hit is to wait behind originals that are read and variants that are written
  const [forHits, forMisses] = [createClient(), createClient()];
  const common = {
    client: forMisses,
    headClient: forHits,
    // what clients take their time for is not to keep those waiting who take little
    openClient: createClient(true),
    timeoutMs: timeouts.storeMs,
  };
  return {
    originals: createS3Store({
      ...common,
      bucket: store.originalsBucket,
      probePrefix: access.originals.prefix,
    }),
    variants: createS3Store({
      ...common,
      bucket: store.variantsBucket,
      getClient: forHits,
      probePrefix: prefix.root,
    }),
    presign: createPublicPresign(store),
  };
}

/** By a client that asks nothing: it signs what others are to ask, where they reach S3. */
export function createPublicPresign({
  forcePathStyle,
  publicEndpoint,
  variantsBucket,
}: Buckets): Presign {
  const client = createS3Client({
    forcePathStyle,
    ...(publicEndpoint !== undefined && { endpoint: publicEndpoint }),
  });
  return createPresign(client, variantsBucket);
}
