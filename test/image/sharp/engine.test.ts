import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { platform, tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { canDecodeSmaller, openSmaller, prepareEngine } from "../../../src/image/sharp/engine.ts";
import { withTempFile } from "../../../src/image/sharp/temp-file.ts";
import { drawQuadrants } from "../../support/images.ts";

await prepareEngine();

describe("prepareEngine", () => {
  it("leaves no loader of files open but that of JPEGs", async () => {
    const folder = await mkdtemp(join(tmpdir(), "shift-media-engine-"));
    try {
      for (const format of ["jpeg", "png", "webp", "gif", "avif"] as const) {
        const path = join(folder, format);
        await writeFile(path, await drawQuadrants(40, 20).toFormat(format).toBuffer());
        const width = await sharp(path)
          .metadata()
          .then((metadata) => metadata.width)
          .catch(() => undefined);
        expect([format, width]).toEqual([format, format === "jpeg" ? 40 : undefined]);
      }
      await expect(sharp("/etc/passwd").metadata()).rejects.toThrow();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it.runIf(platform() === "linux")("finds that JPEGs can be decoded smaller", () => {
    expect(canDecodeSmaller()).toBe(true);
  });
});

describe.runIf(platform() === "linux")("openSmaller", () => {
  it("decodes what is lent now, and not what was lent by the same path before", async () => {
    const [red, blue] = await Promise.all(
      ["red", "blue"].map((background) =>
        sharp({ create: { width: 80, height: 40, channels: 3, background } })
          .jpeg()
          .toBuffer(),
      ),
    );
    const paths = new Set<string>();
    for (let turn = 0; turn < 20; turn += 1) {
      const isRed = turn % 2 === 0;
      const found = await withTempFile((isRed ? red : blue) ?? Buffer.of(), (path) => {
        paths.add(path);
        return openSmaller(path, 8).raw().toBuffer({ resolveWithObject: true });
      });
      expect(found?.info).toMatchObject({ width: 10, height: 5 });
      expect((found?.data[0] ?? 0) > 200).toBe(isRed);
    }
    expect(paths.size).toBeLessThan(20);
  });
});
