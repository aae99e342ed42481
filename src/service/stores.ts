import type { Config } from "../config/config.ts";
import type { Logger } from "../logger.ts";
import { createFileStore } from "../store/file/store.ts";
import type { S3StoresConfig } from "./s3-stores.ts";
import type { Presign } from "../store/s3/connection.ts";
import type { ObjectStore } from "../store/store.ts";

export interface Stores {
  readonly originals: ObjectStore;
  readonly variants: ObjectStore;
  /** Absent for folders. */
  readonly presign?: Presign;
}

interface StoresConfig extends Pick<Config, "store">, S3StoresConfig {}

/** Loads the AWS SDK only if there is a bucket. */
export async function createStores({ store, ...config }: StoresConfig): Promise<Stores> {
  if (store.kind === "s3") {
    const { createS3Stores } = await import("./s3-stores.ts");
    return createS3Stores(store, config);
  }
  return {
    originals: createFileStore({ root: store.originalsDir }),
    variants: createFileStore({ root: store.variantsDir, shouldCreate: true }),
  };
}

/** Checks that each store can be read, and logs its remarks. @throws MediaError when one cannot be read */
export async function probeStores({ originals, variants }: Stores, logger: Logger): Promise<void> {
  const remarks = [await originals.probe(), await variants.probe()];
  for (const remark of new Set(remarks)) if (remark) logger.warn(remark);
}
