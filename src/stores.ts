import type { S3Client } from "@aws-sdk/client-s3";
import type { Config } from "./config.ts";
import type { Logger } from "./logger.ts";
import { createFileStore } from "./store/file.ts";
import { createS3Client } from "./store/s3-client.ts";
import { createS3Store } from "./store/s3.ts";
import type { ObjectStore } from "./store/store.ts";

export interface Stores {
  readonly originals: ObjectStore;
  readonly variants: ObjectStore;
}

/** The stores of a configuration. */
export function createStores({ store, timeouts, limits }: Config): Stores {
  if (store.kind === "file") {
    return {
      originals: createFileStore({ root: store.originalsDir }),
      variants: createFileStore({ root: store.variantsDir, shouldCreate: true }),
    };
  }
  const createClient = (): S3Client =>
    createS3Client({ forcePathStyle: store.forcePathStyle, maxSockets: limits.storeSockets });
  // sockets of their own: no hit is to wait behind originals that are read and variants that are written
  const [forHits, forMisses] = [createClient(), createClient()];
  const common = { client: forMisses, headClient: forHits, timeoutMs: timeouts.storeMs };
  return {
    originals: createS3Store({ ...common, bucket: store.originalsBucket }),
    variants: createS3Store({ ...common, bucket: store.variantsBucket, getClient: forHits }),
  };
}

/** Reaches for each store, and logs what it has to remark. @throws MediaError when one cannot be used */
export async function probeStores({ originals, variants }: Stores, logger: Logger): Promise<void> {
  const remarks = [await originals.probe(), await variants.probe()];
  for (const remark of new Set(remarks)) if (remark) logger.warn(remark);
}
