import { appendFile, mkdtemp, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { DEFAULT_IMAGE_LIMITS } from "../../../src/image/input/limits.ts";
import { startChildWorker } from "../../../src/image/pool/child-process.ts";
import { readOriginalFile } from "../../../src/image/child/read-file.ts";
import type { OriginalFile, ImageJob, ImageWorker } from "../../../src/image/worker.ts";
import { makePipe } from "../../support/store/file-scratch.ts";
import { decode, drawNoise, drawQuadrants } from "../../support/images.ts";
import { runAlone } from "../../support/image/fake-workers.ts";

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "shift-media-"));
  path = join(folder, "a.png");
  await writeFile(path, await drawQuadrants(40, 20).png().toBuffer());
});
afterEach(() => rm(folder, { recursive: true }));

async function find(): Promise<OriginalFile> {
  const { size, mtimeNs, ino } = await stat(path, { bigint: true });
  return { path, size: Number(size), modified: String(mtimeNs), inode: String(ino) };
}

async function ask(): Promise<ImageJob> {
  return { bytes: new Uint8Array(), file: await find(), spec: { width: 10 }, format: "png" };
}

const CHANGES: readonly (readonly [name: string, change: () => Promise<unknown>])[] = [
  ["has been deleted", () => rm(path)],
  ["has grown", () => appendFile(path, "x")],
  ["was written anew", () => utimes(path, 1, 1)],
  [
    "is another one",
    async () => {
      const { atime, mtime, size } = await stat(path);
      await writeFile(join(folder, "b"), Buffer.alloc(size));
      await utimes(join(folder, "b"), atime, mtime);
      await rename(join(folder, "b"), path);
    },
  ],
  [
    "is a pipe",
    async () => {
      await rm(path);
      makePipe(path);
    },
  ],
];

describe("readOriginalFile", () => {
  it("reads what was found", async () => {
    const bytes = readOriginalFile(await find(), Buffer.allocUnsafeSlow);
    expect(await decode(bytes ?? Buffer.alloc(0))).toMatchObject({ width: 40, height: 20 });
  });

  it.each(CHANGES)("gives nothing of a file that %s", async (_, change) => {
    const file = await find();
    await change();
    expect(readOriginalFile(file, Buffer.allocUnsafeSlow)).toBeUndefined();
  });
});

describe("startChildWorker", () => {
  let worker: ImageWorker;

  beforeAll(async () => {
    worker = await startChildWorker({ limits: DEFAULT_IMAGE_LIMITS });
  });
  afterAll(() => worker.stop());

  it("has files read by the child, and is told when one has moved", async () => {
    const job = await ask();
    expect(await runAlone(worker, job)).toMatchObject({ kind: "made", width: 10, height: 5 });
    await appendFile(path, "x");
    expect(await runAlone(worker, job)).toEqual({ kind: "moved" });
    expect(await runAlone(worker, await ask())).toMatchObject({ kind: "made" });
  });

  it("makes nothing of the original before one that has moved", async () => {
    expect(await runAlone(worker, await ask())).toMatchObject({ kind: "made" });
    const moved = await ask();
    await appendFile(path, "x");
    expect(await runAlone(worker, moved)).toEqual({ kind: "moved" });
    expect(await runAlone(worker, moved)).toEqual({ kind: "moved" });
  });

  it("makes each of its own original, though one in between has moved", async () => {
    const [first, second] = [await drawNoise(300, 200), await drawNoise(300, 200)];
    const make = async (): Promise<unknown> => runAlone(worker, await ask());
    await writeFile(path, first);
    const meant = await make();
    await writeFile(path, second);
    const moved = await ask();
    await appendFile(path, "x");
    expect(await runAlone(worker, moved)).toEqual({ kind: "moved" });
    const other = await make();
    expect(other).not.toEqual(meant);
    await writeFile(path, first);
    expect(await make()).toEqual(meant);
  });

  it("takes one original after the other, larger or smaller, as a file or as bytes", async () => {
    for (const [width, height] of [
      [40, 20],
      [900, 900],
      [300, 210],
      [20, 40],
    ] as const) {
      const bytes = await drawNoise(width, height);
      await writeFile(path, bytes);
      const job = await ask();
      const read = await runAlone(worker, job);
      expect(await runAlone(worker, job)).toEqual(read);
      const sent = await runAlone(worker, { ...(await ask()), file: undefined, bytes });
      expect(read).toMatchObject({ kind: "made", width: 10, height: (10 * height) / width });
      expect(sent).toEqual(read);
    }
  });
});
