import type { S3Client } from "@aws-sdk/client-s3";
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { applyPlan } from "../../../src/ops/setup/apply.ts";
import { createPlan } from "../../../src/ops/setup/plan.ts";
import { createS3Client } from "../../../src/store/s3/client.ts";
import { useS3 } from "../../support/s3/environment.ts";
import { drawQuadrants } from "../../support/images.ts";
import type { Rgw } from "../../support/s3/rgw.ts";
import { hasRgw, startRgw } from "../../support/s3/rgw.ts";
import { OPERATOR } from "../../support/service/app.ts";
import type { TestServer } from "../../support/service/server.ts";
import { startTestServer, until } from "../../support/service/server.ts";
import { createBucketSpec } from "../../support/s3/bucket-spec.ts";

const PLACES = [
  ["one bucket", { bucket: "media", prefix: "" }, { bucket: "media", prefix: "variants/" }],
  ["a bucket with a folder", { bucket: "box", prefix: "in/" }, { bucket: "box", prefix: "made/" }],
  ["two buckets", { bucket: "first", prefix: "in/" }, { bucket: "second", prefix: "made/" }],
] as const;

describe.skipIf(!hasRgw())("the rights that setup grants, on Ceph RGW", () => {
  let rgw: Rgw;
  let owner: S3Client;
  let service: S3Client;
  let credentials: Rgw["credentials"];
  let image: Buffer;

  beforeAll(async () => {
    [rgw, image] = await Promise.all([startRgw(), drawQuadrants(60, 40).png().toBuffer()]);
    credentials = await rgw.createUser("svc");
    owner = createS3Client({ ...rgw, forcePathStyle: true });
    service = createS3Client({ ...rgw, forcePathStyle: true, credentials });
    useS3({ ...rgw, credentials });
  });

  afterAll(async () => {
    vi.unstubAllEnvs();
    owner.destroy();
    service.destroy();
    await rgw.stop();
  });

  describe.each(PLACES)("with %s", (_, originals, variants) => {
    const key = `${originals.prefix}a b+ü.png`;
    const path = key.split("/").map(encodeURIComponent).join("/");
    const prefix: string = originals.prefix || "a";
    let server: TestServer;

    beforeAll(async () => {
      const wanted = createBucketSpec({
        provider: "rgw",
        region: rgw.region,
        endpoint: rgw.endpoint,
        originals,
        variants,
        shouldCreateBuckets: true,
        principal: "arn:aws:iam:::user/svc",
      });
      for await (const { status } of applyPlan(createPlan(wanted).steps, owner)) {
        expect(status).not.toBe("failed");
      }
      await putOriginal(image);
      server = await startTestServer({
        S3_BUCKET: originals.bucket,
        S3_VARIANTS_BUCKET: variants.bucket,
        ORIGINALS_PREFIX: originals.prefix,
        VARIANTS_ROOT: variants.prefix,
        POLICY: "open",
        DELIVERY: "stream",
        FRESHNESS_TTL_SECONDS: "1",
        POOL_SIZE: "1",
      });
    });

    afterAll(async () => {
      await server.stop();
    });

    async function putOriginal(Body: Uint8Array): Promise<void> {
      await owner.send(new PutObjectCommand({ Bucket: originals.bucket, Key: key, Body }));
    }

    async function ask(target: string, init: RequestInit = {}): Promise<Response> {
      const answer = await fetch(server.url + target, { redirect: "manual", ...init });
      return new Response(await answer.arrayBuffer(), answer);
    }

    it("are enough to serve, to know what is missing, to warm up, to replace and to purge", async () => {
      expect(server.log.filter(({ level }) => level !== "info")).toEqual([]);
      expect((await ask(`/w_30/${path}`, { method: "HEAD" })).status).toBe(200);
      expect((await ask(`/w_30/${path}`)).status).toBe(200);
      expect((await ask(`/w_30/${prefix}gone.png`)).status).toBe(404);
      const order = { keys: [key], transforms: ["w_20", "w_30"] };
      const headers = { "content-type": "application/json", ...OPERATOR };
      const warm = await ask("/-/warm", { method: "POST", headers, body: JSON.stringify(order) });
      expect(await warm.text()).toContain('"made":1,"there":1,"failed":0');
      const first = (await ask(`/w_30/${path}`)).headers.get("etag");
      await putOriginal(await drawQuadrants(90, 60).png().toBuffer());
      await until(async () => (await ask(`/w_30/${path}`)).headers.get("etag") !== first);
      const purged = await ask(`/-/variants?prefix=${encodeURIComponent(prefix)}`, {
        method: "DELETE",
        headers: OPERATOR,
      });
      expect(await purged.json()).toMatchObject({ left: [], isComplete: true });
      expect((await ask(`/w_30/${path}`)).status).toBe(200);
      const failures = server.log.filter(({ level }) => level !== "info");
      expect(failures).toEqual([]);
    });

    it("are no more than that", async () => {
      const outside = "outside/a.png";
      const Bucket = originals.bucket;
      await owner.send(new PutObjectCommand({ Bucket, Key: outside, Body: image }));
      const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [] });
      const refused: readonly Promise<unknown>[] = [
        service.send(new PutObjectCommand({ Bucket, Key: key, Body: "x" })),
        service.send(new PutObjectCommand({ Bucket, Key: `${originals.prefix}new`, Body: "x" })),
        service.send(new DeleteObjectCommand({ Bucket, Key: key })),
        service.send(
          new PutObjectCommand({ Bucket: variants.bucket, Key: "elsewhere/x", Body: "x" }),
        ),
        service.send(
          new CopyObjectCommand({ Bucket, Key: "copy", CopySource: `${Bucket}/${outside}` }),
        ),
        service.send(new GetBucketPolicyCommand({ Bucket })),
        service.send(new PutBucketPolicyCommand({ Bucket, Policy })),
        ...(originals.prefix === ""
          ? []
          : [service.send(new GetObjectCommand({ Bucket, Key: outside }))]),
      ];
      for (const outcome of await Promise.allSettled(refused)) {
        expect(outcome).toMatchObject({ status: "rejected", reason: { name: "AccessDenied" } });
      }
      const batch = new DeleteObjectsCommand({
        Bucket,
        Delete: { Objects: [{ Key: key }, { Key: outside }] },
      });
      const deleted = await service.send(batch).catch((error: unknown) => ({ Errors: [error] }));
      expect(deleted.Errors?.length).toBeGreaterThan(0);
      await owner.send(new GetObjectCommand({ Bucket, Key: key }));
      await owner.send(new GetObjectCommand({ Bucket, Key: outside }));
      const anonymous = await fetch(`${rgw.endpoint}/${Bucket}/${path}`);
      expect(anonymous.status).toBe(403);
    });
  });
});
