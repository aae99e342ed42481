import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Semaphore } from "../../../src/async/semaphore.ts";
import type { Facts } from "../../../src/image/facts/facts.ts";
import type { MeasureOptions } from "../../../src/image/facts/measure.ts";
import { measureFile } from "../../../src/image/facts/measure.ts";
import { DEFAULT_IMAGE_LIMITS } from "../../../src/image/input/limits.ts";
import { startInlineWorker } from "../../../src/image/pool/inline.ts";
import { Pool } from "../../../src/image/pool/pool.ts";
import { drawGif } from "../../support/image/gif.ts";
import {
  COPYRIGHT,
  drawBare,
  EXIF_SEGMENT,
  insertSegments,
  LATITUDE,
  TAKEN_AT,
  writeHeic,
} from "../../support/image/metadata.ts";

const FRAME = { left: 0, top: 0, width: 4, height: 4, color: 2, disposal: 1 } as const;
const MAX_BYTES = 100_000;

let folder: string;
const pool = new Pool({
  size: 1,
  startWorker: () => startInlineWorker(DEFAULT_IMAGE_LIMITS),
  queueLimit: 4,
  queueWaitMs: 10_000,
  deadlineMs: 10_000,
  onStartFailure: () => undefined,
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "facts-"));
  await pool.start();
});

afterAll(async () => {
  pool.stop();
  await rm(folder, { recursive: true });
});

async function measure(
  bytes: Uint8Array,
  options: Partial<MeasureOptions> = {},
): Promise<{ readonly facts: Facts; readonly kept: Buffer }> {
  const path = join(folder, "file");
  await writeFile(path, bytes);
  const deps = { pool, maxBytes: MAX_BYTES, budget: new Semaphore({ limit: MAX_BYTES }) };
  const file = { path, size: bytes.length };
  const facts = await measureFile(deps, file, { signal: new AbortController().signal, ...options });
  return { facts, kept: await readFile(path) };
}

const photo = insertSegments(await drawBare("jpeg"), [EXIF_SEGMENT]);

describe("measureFile", () => {
  it("measures an image upright, and overwrites its location in the file", async () => {
    const { facts, kept } = await measure(photo);
    const { thumbhash, dominant, ...rest } = facts;
    expect(rest).toEqual({
      type: "image/jpeg",
      extension: "jpg",
      width: 48, // it is stored on its side
      height: 64,
      frames: 1,
      hasAlpha: false,
      takenAt: TAKEN_AT,
      copyright: COPYRIGHT,
      gps: "removed",
    });
    expect(thumbhash).toMatch(/^[\w+/]+=*$/);
    expect(dominant).toMatch(/^[\da-f]{6}$/);
    expect(kept.length).toBe(photo.length);
    expect(kept.includes(Buffer.from(LATITUDE).swap32())).toBe(false);
  });

  it("leaves the location where it is to be kept", async () => {
    const { facts, kept } = await measure(photo, { keepLocation: true });
    expect(facts.gps).toBe("kept");
    expect(kept).toEqual(photo);
  });

  it("counts frames, and sees transparency", async () => {
    const gif = drawGif(4, 4, [FRAME, FRAME, FRAME]);
    expect((await measure(gif)).facts).toMatchObject({ frames: 3, gps: "none" });
    const clear = await sharp({
      create: { width: 8, height: 8, channels: 4, background: "#f008" },
    })
      .png()
      .toBuffer();
    expect((await measure(clear)).facts).toMatchObject({ hasAlpha: true, extension: "png" });
  });

  it("overwrites the location of a HEIC, which is not decoded", async () => {
    const { facts, kept } = await measure(writeHeic());
    expect(facts).toEqual({
      type: "image/heic",
      extension: "heic",
      takenAt: TAKEN_AT,
      copyright: COPYRIGHT,
      gps: "removed",
    });
    expect(kept.includes("Altona")).toBe(false);
  });

  it.each([
    ["%PDF-1.7\n", "application/pdf", "pdf"],
    ["\0\0\0\x18ftypmp42\0\0\0\0isommp42", "video/mp4", "mp4"],
    ["ID3\x04\0\0\0\x7f\x7f\x7f", "audio/mpeg", "mp3"],
    ["<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", "svg"],
    ["just words", "application/octet-stream", "bin"],
    ["", "application/octet-stream", "bin"],
  ])("tells the type of %j", async (start, type, extension) => {
    const bytes = Buffer.from(start, "latin1");
    const { facts, kept } = await measure(bytes);
    expect(facts).toEqual({ type, extension, gps: "unknown" });
    expect(kept).toEqual(bytes);
  });

  it("measures a long video by how it begins", async () => {
    const video = Buffer.alloc(MAX_BYTES + 1);
    video.write("\0\0\0\x18ftypmp42\0\0\0\0isommp42", "latin1");
    expect((await measure(video)).facts.type).toBe("video/mp4");
  });

  it("refuses an image of too many bytes, and a damaged one", async () => {
    const long = Buffer.concat([photo, Buffer.alloc(MAX_BYTES)]);
    await expect(measure(long)).rejects.toMatchObject({ code: "too_large" });
    const damaged = photo.subarray(0, photo.length / 2);
    await expect(measure(damaged)).rejects.toMatchObject({ code: "unusable_original" });
  });
});
