import type { S3Client } from "@aws-sdk/client-s3";
import type { Config } from "../config/config.ts";
import type { StoreConfig } from "../config/store.ts";
import { createS3Client } from "../store/s3/client.ts";
import type { Presign } from "../store/s3/connection.ts";
import { createPresign } from "../store/s3/connection.ts";
import { createS3Store } from "../store/s3/store.ts";
import type { ObjectStore } from "../store/store.ts";

export interface S3Stores {
  readonly originals: ObjectStore;
  readonly variants: ObjectStore;
  readonly presign: Presign;
}

type Buckets = Extract<StoreConfig, { kind: "s3" }>;

export type S3StoresConfig = Pick<Config, "timeouts" | "limits" | "prefix" | "access">;

export function createS3Stores(
  store: Buckets,
  { timeouts, limits, prefix, access }: S3StoresConfig,
): S3Stores {
  const createClient = (mayRest = false): S3Client =>
    createS3Client({
      forcePathStyle: store.forcePathStyle,
      timeoutMs: timeouts.storeMs,
      maxSockets: limits.storeSockets,
      mayRest,
    });
  // separate sockets: a hit must not wait for originals that are read and variants that are written
  const [forHits, forMisses] = [createClient(), createClient()];
  const common = {
    client: forMisses,
    headClient: forHits,
    // bodies for slow clients must not keep other calls waiting
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

/** Signs URLs for the endpoint that clients reach; the client of the SDK sends nothing itself. */
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
