import { randomFillSync } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import sharp from "sharp";
import { describe, expect, it, vi } from "vitest";
import type { ImageJob } from "../../../src/image/worker.ts";
import { allocateBytes, freeBytes } from "../../../src/media/originals/bytes.ts";
import {
  expectGone,
  killChildren,
  listChildren,
  MEDIUM_JOB,
  SLOW_JOB,
  SMALL_JOB,
  startPool,
} from "../../support/image/child-pool.ts";
import { becomeBusy, never } from "../../support/image/fake-workers.ts";

function askNoise(width: number, bytes: Uint8Array): ImageJob {
  return { bytes, originalId: "noise", spec: { width }, format: "png" };
}

describe("Pool", () => {
  it("gives a job whose child is killed to another child", async () => {
    const pool = await startPool();
    const job = pool.run(MEDIUM_JOB, never);
    await becomeBusy(pool);
    expect(pool.stats()).toEqual({ workers: 1, busy: 1, queued: 0, queuedBackground: 0 });
    const killed = killChildren();
    expect(killed).toHaveLength(1);
    expect(await job).toMatchObject({ width: 3000, height: 2400 });
    expect(listChildren()).not.toEqual(killed);
    expect(pool.stats()).toEqual({ workers: 1, busy: 0, queued: 0, queuedBackground: 0 });
  });

  it("goes on after its idle children were killed, even before it knows", async () => {
    const pool = await startPool({ size: 2 });
    const killed = killChildren();
    expect(killed).toHaveLength(2);
    await expectGone(killed);
    expect(await pool.run(SMALL_JOB, never)).toMatchObject({ width: 20 });
    const becomeWhole = (): Promise<void> =>
      vi.waitFor(
        () => expect(pool.stats()).toEqual({ workers: 2, busy: 0, queued: 0, queuedBackground: 0 }),
        20_000,
      );
    await becomeWhole();
    await expectGone(killChildren());
    expect(await pool.run(SMALL_JOB, never)).toMatchObject({ width: 20 });
    await becomeWhole();
  });

  it("ends a job that takes too long together with its child", async () => {
    const pool = await startPool({ deadlineMs: 1000 });
    const pids = listChildren();
    await expect(pool.run(SLOW_JOB, never)).rejects.toMatchObject({
      code: "timeout",
      message:
        "webp of 39200000 pixels took longer than 1000 ms (TRANSFORM_TIMEOUT_MS): ask for a smaller image or another format",
    });
    await expectGone(pids);
    expect(await pool.run(SMALL_JOB, never)).toMatchObject({ width: 20 });
  });

  it("frees the child of a job that nobody waits for", async () => {
    const pool = await startPool();
    const caller = new AbortController();
    const job = pool.run(SLOW_JOB, { signal: caller.signal });
    const next = pool.run(SMALL_JOB, never);
    setTimeout(() => caller.abort(new Error("gone")), 50);
    await expect(job).rejects.toThrow("gone");
    expect(await next).toMatchObject({ width: 20 });
  });

  it("fails what is under way when it stops, at once, and starts nothing", async () => {
    const pool = await startPool({ size: 1 });
    const running = pool.run(SLOW_JOB, never);
    await sleep(50);
    pool.stop();
    await expect(running).rejects.toMatchObject({ code: "overloaded" });
    expect(pool.stats()).toMatchObject({ workers: 0, queued: 0, queuedBackground: 0 });
  });

  it("ends all children when it stops", async () => {
    const pool = await startPool({ size: 2 });
    const pids = listChildren();
    expect(pids).toHaveLength(2);
    pool.stop();
    await expectGone(pids);
    expect(listChildren()).toEqual([]);
  });

  it("makes what comes next of an original whose bytes were freed while they were sent", async () => {
    const pool = await startPool();
    const raw = { width: 2800, height: 2400, channels: 3 } as const;
    const noise = randomFillSync(Buffer.alloc(raw.width * raw.height * raw.channels));
    const png = await sharp(noise, { raw }).png({ compressionLevel: 0 }).toBuffer();
    const bytes = allocateBytes(png.length);
    bytes.set(png);
    const caller = new AbortController();
    const options = { ...never, abandoned: caller.signal };
    const left = [10, 20].map((width) => pool.run(askNoise(width, bytes), options));
    await becomeBusy(pool);
    caller.abort(new Error("gone"));
    const ends = await Promise.allSettled(left);
    freeBytes(bytes);
    expect(ends.map(({ status }) => status)).toContain("rejected");
    const made = await pool.run(askNoise(30, png), never);
    if (made.kind !== "made") throw new Error(made.kind);
    const alone = await pool.run({ ...askNoise(30, png), originalId: "alone" }, never);
    if (alone.kind !== "made") throw new Error(alone.kind);
    expect(Buffer.compare(made.bytes, alone.bytes)).toBe(0);
  });
});
