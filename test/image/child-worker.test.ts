import { execFileSync } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import sharp from "sharp";
import { afterEach, describe, expect, it, vi } from "vitest";
import { startChildWorker } from "../../src/image/child-worker.ts";
import { DEFAULT_IMAGE_LIMITS } from "../../src/image/gate.ts";
import type { TransformJob } from "../../src/image/pipeline.ts";
import type { Pool, PoolOptions } from "../../src/image/pool.ts";
import { createPool } from "../../src/image/pool.ts";
import type { Worker } from "../../src/image/worker.ts";
import { WorkerDied } from "../../src/image/worker.ts";
import { decode, drawPhoto, drawQuadrants, readGrid } from "../support/images.ts";

const never = new AbortController().signal;
const small = await drawQuadrants(40, 20).png().toBuffer();
const SMALL_JOB: TransformJob = { bytes: small, spec: { width: 20 }, format: "png" };
const photo = await drawPhoto(1500, 1200);
/** Takes several seconds. */
const SLOW_JOB: TransformJob = {
  bytes: photo,
  spec: { width: 7000, height: 5600, mode: "fill" },
  format: "webp",
};
/** Takes half a second. */
const MEDIUM_JOB: TransformJob = {
  bytes: photo,
  spec: { width: 3000, height: 2400, mode: "fill" },
  format: "jpg",
};

function startWorker(): Promise<Worker> {
  return startChildWorker({ limits: DEFAULT_IMAGE_LIMITS, execArgv: process.execArgv });
}

const pools: Pool[] = [];

async function startPool(options: Partial<PoolOptions> = {}): Promise<Pool> {
  const defaults = { size: 1, startWorker, queueLimit: 10, queueWaitMs: 9000, deadlineMs: 20_000 };
  const pool = createPool({ ...defaults, ...options });
  pools.push(pool);
  await pool.start();
  return pool;
}

afterEach(() => {
  for (const pool of pools.splice(0)) pool.stop();
});

/** The image processes of this one; one that has ended and was not waited for is none. */
function listChildren(): number[] {
  const table = execFileSync("ps", ["-A", "-o", "ppid=,pid=,stat=,args="], { encoding: "utf8" });
  return table
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([parent, , state = "", ...args]) =>
        Number(parent) === process.pid &&
        !state.startsWith("Z") &&
        args.some((arg) => /image.child\.[jt]s$/.test(arg)),
    )
    .map(([, pid]) => Number(pid));
}

function killChildren(): number[] {
  const pids = listChildren();
  for (const pid of pids) process.kill(pid, "SIGKILL");
  return pids;
}

async function expectGone(pids: readonly number[]): Promise<void> {
  await vi.waitFor(() => expect(listChildren().filter((pid) => pids.includes(pid))).toEqual([]), {
    timeout: 1000,
    interval: 20,
  });
}

/** A picture that cannot be compressed and was not: damaged on its way it cannot be decoded. */
async function drawNoise(width: number, height: number): Promise<{ pixels: Buffer; png: Buffer }> {
  const pixels = randomFillSync(Buffer.alloc(width * height * 3));
  const raw = { width, height, channels: 3 } as const;
  return { pixels, png: await sharp(pixels, { raw }).png({ compressionLevel: 0 }).toBuffer() };
}

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
      const result = await worker.run({ bytes: png, spec: { crop }, format: "png" }, never);
      worker.stop();
      expect([result.width, result.height]).toEqual([width, 100]);
      const raw = await sharp(result.bytes).raw().toBuffer();
      expect(raw.equals(pixels.subarray(-width * 100 * 3))).toBe(true);
    },
  );

  it("hands on large results and many of them", async () => {
    const worker = await startWorker();
    const { pixels, png } = await drawNoise(1200, 1000);
    for (let index = 0; index < 3; index += 1) {
      const { bytes } = await worker.run({ bytes: png, spec: {}, format: "png" }, never);
      expect((await sharp(bytes).raw().toBuffer()).equals(pixels)).toBe(true);
      const second = await worker.run(SMALL_JOB, never);
      expect(readGrid(await decode(second.bytes))).toBe("RG/BY");
    }
    expect(worker.isFit()).toBe(true);
    worker.stop();
    expect(worker.isFit()).toBe(false);
  });

  it("hands on refusals, with what the decoder said", async () => {
    const worker = await startWorker();
    const text = { ...SMALL_JOB, bytes: Buffer.from("not a picture") };
    await expect(worker.run(text, never)).rejects.toMatchObject({
      code: "unsupported_original",
      message: expect.stringContaining("no known picture") as string,
    });
    const cut = { ...SMALL_JOB, bytes: photo.subarray(0, 10_000) };
    await expect(worker.run(cut, never)).rejects.toMatchObject({
      code: "unusable_original",
      message: "the original cannot be decoded",
      cause: expect.stringContaining("premature end") as string,
    });
    expect(await worker.run(SMALL_JOB, never)).toMatchObject({ width: 20, height: 10 });
    worker.stop();
  });

  it("ends the child of a job that is aborted", async () => {
    const worker = await startWorker();
    const pids = listChildren();
    expect(pids).toHaveLength(1);
    const caller = new AbortController();
    const job = worker.run(SLOW_JOB, caller.signal);
    setTimeout(() => caller.abort(new Error("gone")), 50);
    await expect(job).rejects.toThrow("gone");
    expect(worker.isFit()).toBe(false);
    await expectGone(pids);
    await expect(worker.run(SMALL_JOB, never)).rejects.toBeInstanceOf(WorkerDied);
  });

  it("says what a child that cannot start has said", async () => {
    const start = startChildWorker({ limits: DEFAULT_IMAGE_LIMITS, execArgv: ["--no-such-flag"] });
    const error: unknown = await start.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WorkerDied);
    expect(String(error)).toContain("--no-such-flag");
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
    expect(new Set(names.filter((name) => !harmless.includes(name)))).toEqual(
      new Set(["MALLOC_ARENA_MAX", "VIPS_BLOCK_UNTRUSTED", "VIPS_WARNING"]),
    );
    expect(variables.join()).not.toContain("do not tell");
  });
});

describe("createPool", () => {
  it("gives a job whose child is killed to another child", async () => {
    const pool = await startPool();
    const job = pool.run(MEDIUM_JOB, never);
    await sleep(100);
    expect(pool.stats()).toEqual({ workers: 1, busy: 1, queued: 0 });
    const killed = killChildren();
    expect(killed).toHaveLength(1);
    expect(await job).toMatchObject({ width: 3000, height: 2400 });
    expect(listChildren()).not.toEqual(killed);
    expect(pool.stats()).toEqual({ workers: 1, busy: 0, queued: 0 });
  });

  it("goes on after its idle children were killed, even before it knows", async () => {
    const pool = await startPool({ size: 2 });
    expect(killChildren()).toHaveLength(2);
    expect(await pool.run(SMALL_JOB, never)).toMatchObject({ width: 20 });
    await expectGone(killChildren());
    expect(await pool.run(SMALL_JOB, never)).toMatchObject({ width: 20 });
    await vi.waitFor(() => expect(pool.stats()).toEqual({ workers: 2, busy: 0, queued: 0 }), 5000);
  });

  it("ends a job that takes too long together with its child", async () => {
    const pool = await startPool({ deadlineMs: 1000 });
    const pids = listChildren();
    const start = performance.now();
    await expect(pool.run(SLOW_JOB, never)).rejects.toMatchObject({ code: "timeout" });
    expect(performance.now() - start).toBeLessThan(1500);
    await expectGone(pids);
    expect(await pool.run(SMALL_JOB, never)).toMatchObject({ width: 20 });
  });

  it("frees the child of a job that nobody waits for", async () => {
    const pool = await startPool();
    const caller = new AbortController();
    const job = pool.run(SLOW_JOB, caller.signal);
    const next = pool.run(SMALL_JOB, never);
    setTimeout(() => caller.abort(new Error("gone")), 50);
    await expect(job).rejects.toThrow("gone");
    expect(await next).toMatchObject({ width: 20 });
  });

  it("fails what is under way when it stops, at once, and starts nothing", async () => {
    const pool = await startPool({ size: 1 });
    const running = pool.run(SLOW_JOB, new AbortController().signal);
    await sleep(50);
    pool.stop();
    await expect(running).rejects.toMatchObject({ code: "overloaded" });
    expect(pool.stats()).toMatchObject({ workers: 0, queued: 0 });
  });

  it("ends all children when it stops", async () => {
    const pool = await startPool({ size: 2 });
    const pids = listChildren();
    expect(pids).toHaveLength(2);
    pool.stop();
    await expectGone(pids);
    expect(listChildren()).toEqual([]);
  });
});
