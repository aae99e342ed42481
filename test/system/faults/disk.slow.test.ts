import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decode, drawPhoto } from "../../support/images.ts";
import { serviceOf } from "../../support/service/faulty-service.ts";
import { startTestServer } from "../../support/service/server.ts";

/** A file system of 128 KiB; only root may mount one. */
function mountSmall(folder: string): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=128k", "tmpfs", folder], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const root = await mkdtemp(join(tmpdir(), "shift-media-"));
const variants = join(root, "variants");
await mkdir(variants);
const isMounted = mountSmall(variants);

beforeAll(async () => {
  await mkdir(join(root, "originals"));
  await writeFile(join(root, "originals/photo.jpg"), await drawPhoto(600, 400));
});

afterAll(async () => {
  if (isMounted) execFileSync("umount", [variants]);
  await rm(root, { recursive: true, force: true });
});

async function listFiles(): Promise<readonly string[]> {
  const entries = await readdir(variants, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

describe.skipIf(!isMounted)("a full disk under the file store", () => {
  it("costs no answer, is logged and counted, leaves nothing behind, and may have room again", async () => {
    const service = serviceOf(
      await startTestServer({
        ORIGINALS_DIR: join(root, "originals"),
        VARIANTS_DIR: variants,
        POOL_SIZE: "1",
      }),
    );
    const filler = join(variants, "filler");
    await writeFile(filler, Buffer.alloc(1 << 20)).catch(() => undefined); // as much as there is room for
    const first = await service.get("/w_300/photo.jpg");
    expect(first.status).toBe(200);
    expect((await decode(first.bytes)).width).toBe(300);
    await service.idle();
    expect(await service.metric("write_failures_total")).toBe(1);
    expect(service.log).toContainEqual({
      level: "warn",
      message: "a variant could not be stored, it is made again on request",
      fields: {
        variantKey: "variants/1/photo.jpg/w_300.jpg",
        error: expect.objectContaining({ code: "store_failed" }),
      },
    });
    expect(await listFiles()).toEqual(["filler"]);
    const head = await service.get("/w_300/photo.jpg", { method: "HEAD" });
    expect(head.headers.get("etag")).toBe(first.headers.get("etag"));
    expect(await service.metric("misses_total")).toBe(1); // it is not made for each who asks

    await rm(filler);
    const second = await service.get("/w_301/photo.jpg");
    expect(second.status).toBe(200);
    await service.idle();
    const kept = await readFile(join(variants, "variants/1/photo.jpg/w_301.jpg"));
    expect(kept.equals(second.bytes)).toBe(true);
    expect((await service.get("/w_301/photo.jpg")).status).toBe(302);
    expect(await service.metric("write_failures_total")).toBe(1);
    expect(await service.stop()).toBe(true);
  });
});
