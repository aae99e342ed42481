import {
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createS3Client } from "../../../src/store/s3/client.ts";
import { createS3Store } from "../../../src/store/s3/store.ts";
import type { ObjectStore } from "../../../src/store/store.ts";
import type { Rgw } from "../../support/s3/rgw.ts";
import { hasRgw, startRgw } from "../../support/s3/rgw.ts";

const Bucket = "versioned";
const TEXT = { contentType: "text/plain" };

describe.skipIf(!hasRgw())("erase, in a bucket that keeps versions", () => {
  let rgw: Rgw;
  let store: ObjectStore;
  beforeAll(async () => {
    rgw = await startRgw();
    await rgw.createBucket(Bucket);
    const VersioningConfiguration = { Status: "Enabled" as const };
    await rgw.client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    const client = createS3Client({ ...rgw, forcePathStyle: true });
    store = createS3Store({ client, bucket: Bucket, timeoutMs: 5000 });
  }, 60_000);
  afterAll(() => rgw.stop());

  async function listVersions(): Promise<readonly string[]> {
    const page = await rgw.client.send(new ListObjectVersionsCommand({ Bucket }));
    const all = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])];
    return all.map(({ Key = "" }) => Key).toSorted();
  }

  it("leaves no version and no marker of the keys, and all of the others", async () => {
    for (const key of ["a", "a", "a.txt", "b", "b", "b"]) {
      await store.put(key, Buffer.from(String(Math.random())), TEXT);
    }
    expect(await listVersions()).toEqual(["a", "a", "a.txt", "b", "b", "b"]);
    expect(await store.erase?.(["a", "b", "missing"])).toBe("deleted");
    expect(await listVersions()).toEqual(["a.txt"]);
  });

  it("says that versions are kept where it may not delete them", async () => {
    const guest = await rgw.createUser("guest");
    const Statement = [
      {
        Effect: "Allow",
        Principal: { AWS: ["arn:aws:iam:::user/guest"] },
        Action: ["s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:ListBucket"],
        Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`],
      },
    ];
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
    await rgw.client.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    const client = createS3Client({ ...rgw, credentials: guest, forcePathStyle: true });
    const limited = createS3Store({ client, bucket: Bucket, timeoutMs: 5000 });
    await limited.put("mine", Buffer.from("1"), TEXT);
    expect(await limited.erase?.(["mine"])).toBe("kept");
    expect(await limited.head("mine")).toBeUndefined();
    client.destroy();
  });
});
