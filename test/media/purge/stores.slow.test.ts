import { afterAll, beforeAll, describe, it } from "vitest";
import { createS3Client } from "../../../src/store/s3/client.ts";
import { createS3Store } from "../../../src/store/s3/store.ts";
import { expectPagesGone } from "../../support/media/purge-bench.ts";
import type { S3Server } from "../../support/s3/server.ts";
import { startS3Server } from "../../support/s3/server.ts";

describe("purge in a store of s3", () => {
  let s3: S3Server;
  beforeAll(async () => {
    s3 = await startS3Server();
  });
  afterAll(() => s3.stop());

  it("takes more than a page", async () => {
    const client = createS3Client({ ...s3, forcePathStyle: true });
    const store = createS3Store({ client, bucket: s3.variantsBucket, timeoutMs: 20_000 });
    await expectPagesGone(store);
    client.destroy();
  });
});
