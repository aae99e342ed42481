import type { Config } from "../config/config.ts";
import type { Logger } from "../logger.ts";
import { createFileStore } from "../store/file/store.ts";
import type { Presign } from "../store/s3/presign.ts";
import type { ObjectStore } from "../store/store.ts";

export interface Stores {
  readonly originals: ObjectStore;
  readonly variants: ObjectStore;
  /** URLs of variants for others to read them by. */
  readonly presign?: Presign;
}

/** The stores of a configuration. The SDK is loaded where there is a bucket, and nowhere else. */
export async function createStores(config: Config): Promise<Stores> {
  const { store } = config;
  if (store.kind === "s3") {
    const { createS3Stores } = await import("./s3-stores.ts");
    return createS3Stores(store, config);
  }
  return {
    originals: createFileStore({ root: store.originalsDir }),
    variants: createFileStore({ root: store.variantsDir, shouldCreate: true }),
  };
}

/** Reaches for each store, and logs what it has to remark. @throws MediaError when one cannot be used */
export async function probeStores({ originals, variants }: Stores, logger: Logger): Promise<void> {
  const remarks = [await originals.probe(), await variants.probe()];
  for (const remark of new Set(remarks)) if (remark) logger.warn(remark);
}
