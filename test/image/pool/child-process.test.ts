import { randomFillSync } from "node:crypto";
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import sharp from "sharp";
import { describe, expect, it, vi } from "vitest";
import { breakTables } from "../../support/image/hostile.ts";
import { startChildWorker } from "../../../src/image/pool/child-process.ts";
import { DEFAULT_IMAGE_LIMITS } from "../../../src/image/input/limits.ts";
import type { WorkerMessage } from "../../../src/image/worker.ts";
import { WorkerDied } from "../../../src/image/worker.ts";
import {
  expectGone,
  killChildren,
  listChildren,
  photo,
  SLOW_JOB,
  SMALL_JOB,
  startWorker,
} from "../../support/image/child-pool.ts";
import { runAlone, toOutput } from "../../support/image/fake-workers.ts";
import { expectMade } from "../../support/image/make-variant.ts";
import { decode, readGrid } from "../../support/images.ts";

/** An image that cannot be compressed and was not: damaged on its way it cannot be decoded. */
async function drawNoise(width: number, height: number): Promise<{ pixels: Buffer; png: Buffer }> {
  const pixels = randomFillSync(Buffer.alloc(width * height * 3));
  const raw = { width, height, channels: 3 } as const;
  return { pixels, png: await sharp(pixels, { raw }).png({ compressionLevel: 0 }).toBuffer() };
}

const hasPrlimit = spawnSync("prlimit", ["--version"]).status === 0;

describe("startChildWorker", () => {
  it.each([
    [0.1, 200, 170],
    [2, 1000, 680],
    [20, 2800, 2400],
  ])(
    "makes a variant of %d MB, and the bytes arrive as they were",
    async (megabytes, width, height) => {
      const worker = await startWorker();
      const { pixels, png } = await drawNoise(width, height);
      expect(png.length / 1_000_000).toBeCloseTo(megabytes, -Math.floor(Math.log10(megabytes)));
      const crop = { unit: "pixel", x: 0, y: height - 100, width, height: 100 } as const;
      const job = { bytes: png, spec: { crop }, format: "png" } as const;
      const result = expectMade(await runAlone(worker, job));
      worker.stop();
      expect([result.width, result.height]).toEqual([width, 100]);
      const raw = await sharp(result.bytes).raw().toBuffer();
      expect(raw.equals(pixels.subarray(-width * 100 * 3))).toBe(true);
    },
  );

  it("blames no job for what somebody else has killed, however it is noticed", async () => {
    const job = { ...SMALL_JOB, bytes: new Uint8Array(5_000_000) }; // more than a pipe takes at a time
    for (const delay of [0, 1, 2, 5, 20]) {
      const worker = await startWorker();
      killChildren();
      await pause(delay);
      await expect(runAlone(worker, job)).rejects.toMatchObject({ isKilled: true });
      expect(worker.isFit()).toBe(false);
    }
  });

  it("hands on large results and many of them", async () => {
    const worker = await startWorker();
    const { pixels, png } = await drawNoise(1200, 1000);
    for (let index = 0; index < 3; index += 1) {
      const job = { bytes: png, spec: {}, format: "png" } as const;
      const { bytes } = expectMade(await runAlone(worker, job));
      expect((await sharp(bytes).raw().toBuffer()).equals(pixels)).toBe(true);
      const second = expectMade(await runAlone(worker, SMALL_JOB));
      expect(readGrid(await decode(second.bytes))).toBe("RG/BY");
    }
    expect(worker.isFit()).toBe(true);
    worker.stop();
    expect(worker.isFit()).toBe(false);
  });

  it("makes each variant of the original it was asked for, whatever came before", async () => {
    const worker = await startWorker();
    const [large, small] = [await drawNoise(600, 500), await drawNoise(300, 200)];
    const cut = { ...SMALL_JOB, bytes: large.png.subarray(0, 500_000) };
    const make = async (bytes: Uint8Array): Promise<Buffer> => {
      const crop = { unit: "pixel", x: 0, y: 0, width: 300, height: 200 } as const;
      const made = expectMade(await runAlone(worker, { bytes, spec: { crop }, format: "png" }));
      return sharp(made.bytes).raw().toBuffer();
    };
    const corner = await sharp(large.png)
      .extract({ left: 0, top: 0, width: 300, height: 200 })
      .raw()
      .toBuffer();
    for (let turn = 0; turn < 3; turn += 1) {
      expect((await make(large.png)).equals(corner)).toBe(true);
      expect((await make(small.png)).equals(small.pixels)).toBe(true);
      await expect(runAlone(worker, cut)).rejects.toMatchObject({ code: "unusable_original" });
    }
    worker.stop();
  });

  it("takes outputs after the last one has ended, and drops what has not begun", async () => {
    const worker = await startWorker();
    const [first, second, third] = [SMALL_JOB, SMALL_JOB, SMALL_JOB].map(toOutput);
    if (!first || !second || !third) throw new Error("there are three");
    const messages: WorkerMessage[] = [];
    worker.begin({ ...SMALL_JOB, outputs: [first] }, (message) => void messages.push(message));
    await vi.waitFor(() => expect(messages).toHaveLength(2), 20_000);
    worker.add([second, third]);
    worker.drop([first.id, third.id]);
    await vi.waitFor(() => expect(messages).toHaveLength(5), 20_000);
    worker.stop();
    expect(messages).toMatchObject([
      { kind: "begun", id: first.id },
      { kind: "ended", id: first.id, result: { kind: "made", width: 20 } },
      { kind: "begun", id: second.id },
      { kind: "dropped", ids: [third.id] },
      { kind: "ended", id: second.id, result: { kind: "made", width: 20 } },
    ]);
  });

  it("hands on refusals, with what the decoder said", async () => {
    const worker = await startWorker();
    const text = { ...SMALL_JOB, bytes: Buffer.from("not an image") };
    await expect(runAlone(worker, text)).rejects.toMatchObject({
      code: "unsupported_original",
      message: expect.stringContaining("no known image") as string,
    });
    const cut = { ...SMALL_JOB, bytes: photo.subarray(0, 10_000) };
    await expect(runAlone(worker, cut)).rejects.toMatchObject({
      code: "unusable_original",
      message: expect.stringContaining("the original is cut off") as string,
      cause: expect.stringContaining("premature end") as string,
    });
    expect(await runAlone(worker, SMALL_JOB)).toMatchObject({ width: 20, height: 10 });
    worker.stop();
  });

  it("hears how a job ended that was said to be slow, though both be said at once", async () => {
    const limits = { ...DEFAULT_IMAGE_LIMITS, slowPixels: 1 };
    const worker = await startChildWorker({ limits });
    const broken = breakTables(Buffer.from(photo));
    const slow = { bytes: broken, spec: {}, format: "avif" } as const;
    const said: string[] = [];
    const job = runAlone(worker, slow, (message) => {
      if (message.kind === "slow") said.push(message.what);
    });
    const refused = expect(job).rejects.toMatchObject({ code: "unusable_original" });
    setImmediate(() => {
      // deaf until both have been sent
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
    });
    await refused;
    expect(said).toHaveLength(1);
    worker.stop();
  });

  it("ends its child when it is stopped", async () => {
    const worker = await startWorker();
    const pids = listChildren();
    expect(pids).toHaveLength(1);
    const died = expect(runAlone(worker, SLOW_JOB)).rejects.toMatchObject({ isKilled: false });
    setTimeout(() => worker.stop(), 50);
    await died;
    expect(worker.isFit()).toBe(false);
    await expectGone(pids);
    await expect(runAlone(worker, SMALL_JOB)).rejects.toBeInstanceOf(WorkerDied);
  });

  it("says what a child that cannot start has said", async () => {
    const start = startChildWorker({ limits: DEFAULT_IMAGE_LIMITS, execArgv: ["--no-such-flag"] });
    const error: unknown = await start.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WorkerDied);
    expect(String(error)).toContain("--no-such-flag");
  });

  it.runIf(process.platform === "linux")("lets each thread of its child go last", async () => {
    const worker = await startWorker();
    const [pid] = listChildren();
    const threads = readdirSync(`/proc/${pid}/task`).map(Number);
    expect(threads.length).toBeGreaterThan(1);
    for (const thread of threads) expect(getPriority(thread)).toBeGreaterThanOrEqual(10);
    worker.stop();
  });

  it.runIf(process.platform === "linux")("bounds the memory of its child", async () => {
    const worker = await startWorker();
    const [pid] = listChildren();
    const limits = readFileSync(`/proc/${pid}/limits`, "latin1");
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    worker.stop();
    const limit = Number(/Max data size\s+(\d+)/.exec(limits)?.[1]) / 1024;
    const idle = Number(/VmData:\s*(\d+)/.exec(status)?.[1]);
    // room for the decoders, and no more than that
    expect(limit - idle).toBeGreaterThan(500 * 1024);
    expect(limit - idle).toBeLessThan(720 * 1024);
  });

  it.runIf(process.platform === "linux")("gives its child no credentials", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIA0");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "do not tell");
    const worker = await startWorker();
    vi.unstubAllEnvs();
    const [pid] = listChildren();
    const variables = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").filter(Boolean);
    worker.stop();
    const names = variables.map((variable) => variable.replace(/=.*/s, ""));
    const harmless = ["PWD", "OLDPWD", "SHLVL", "_"]; // of the shell that sets the memory limit
    const allocation = ["ARENA_MAX", "MMAP_THRESHOLD_", "TRIM_THRESHOLD_", "TOP_PAD_"];
    const others = ["GLIBC_TUNABLES", "TMPDIR", "TZ", "VIPS_BLOCK_UNTRUSTED", "VIPS_WARNING"];
    const expected = [...allocation.map((name) => `MALLOC_${name}`), ...others];
    expect(new Set(names.filter((name) => !harmless.includes(name)))).toEqual(new Set(expected));
    expect(variables.join()).not.toContain("do not tell");
  });

  it.skipIf(!hasPrlimit)("opens nothing more once it is ready, whatever it makes", async () => {
    const worker = await startWorker();
    const [pid = 0] = listChildren();
    const descriptors = readdirSync(`/proc/${pid}/fd`).map(Number);
    // the next file or socket would be one too many
    const limit = 1 + Math.max(...descriptors);
    execFileSync("prlimit", ["--pid", String(pid), `--nofile=${limit}`]);
    const raw = { width: 64, height: 48, channels: 3 } as const;
    const noise = sharp(randomFillSync(Buffer.alloc(64 * 48 * 3)), { raw });
    const originals = [
      await noise.clone().jpeg({ progressive: true }).toBuffer(),
      await noise.clone().toColourspace("cmyk").jpeg().toBuffer(),
      await noise.clone().withIccProfile("p3").png().toBuffer(),
      await noise.clone().webp().toBuffer(),
      await noise.clone().gif().toBuffer(),
      await noise.clone().avif({ effort: 0 }).toBuffer(),
    ];
    for (const bytes of originals) {
      for (const format of ["jpg", "png", "webp", "avif", "gif", "json", "blurhash"] as const) {
        const result = await runAlone(worker, { bytes, spec: { width: 20 }, format });
        expect(result.kind, format).toBe("made");
      }
    }
    expect(readdirSync(`/proc/${pid}/fd`)).toHaveLength(descriptors.length);
    worker.stop();
  });
});
