import { afterAll, beforeAll, describe } from "vitest";
import { createS3Client } from "../../../src/store/s3/client.ts";
import { createS3Store } from "../../../src/store/s3/store.ts";
import type { ObjectStore } from "../../../src/store/store.ts";
import type { Rgw } from "../../support/s3/rgw.ts";
import { hasRgw, startRgw } from "../../support/s3/rgw.ts";
import type { S3Server } from "../../support/s3/server.ts";
import { startS3Server } from "../../support/s3/server.ts";
import { describeStore, describeStorePages } from "../../support/store/contract.ts";

const EVERYTHING = { emptySegments: true, longSegments: true, nestedKeys: true };
const { S3_TEST_ENDPOINT: endpoint, S3_TEST_BUCKET: bucket = "" } = process.env;

describe("a bucket of R2", () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3Server();
  });
  afterAll(() => server.stop());

  describeStorePages("createS3Store", async () => {
    const client = createS3Client({ ...server, forcePathStyle: true });
    return createS3Store({ client, bucket: server.variantsBucket, timeoutMs: 5000 });
  });
});

async function openTestBucket(): Promise<ObjectStore> {
  const client = createS3Client({ forcePathStyle: true, ...(endpoint && { endpoint }) });
  const store = createS3Store({ client, bucket, timeoutMs: 5000 });
  await store.probe();
  return store;
}

// region and credentials come from AWS_*
describe.skipIf(!endpoint)("S3_TEST_ENDPOINT", () => {
  describeStore("createS3Store", openTestBucket, EVERYTHING);
  describeStorePages("createS3Store", openTestBucket);
});

// the gateway of Ceph has servers of its own, so what it says is another opinion
describe.skipIf(!hasRgw())("Ceph", () => {
  let rgw: Rgw;
  beforeAll(async () => {
    rgw = await startRgw();
    await rgw.createBucket("variants");
  }, 60_000);
  afterAll(() => rgw.stop());

  const openCephBucket = async (): Promise<ObjectStore> => {
    const client = createS3Client({
      forcePathStyle: true,
      endpoint: rgw.endpoint,
      region: rgw.region,
      credentials: rgw.credentials,
    });
    return createS3Store({ client, bucket: "variants", timeoutMs: 5000 });
  };
  describeStore("createS3Store", openCephBucket, EVERYTHING);
  describeStorePages("createS3Store", openCephBucket);
});
