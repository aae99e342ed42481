import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CliRun } from "../../../support/service/cli.ts";
import { linesOf, runCli, startCli } from "../../../support/service/cli.ts";
import { drawPhoto } from "../../../support/images.ts";
import type { RedisServer } from "../../../support/programs/redis.ts";
import { hasRedis, startRedis } from "../../../support/programs/redis.ts";
import { createFolders, sleep } from "../../../support/service/server.ts";

const NAMES = Array.from({ length: 60 }, (_, n) => `a:b ${n} ä.jpg`);
const WIDTHS = [280, 290, 300];
const WANTED = ["--transform", "w_280", "--transform", "w_290", "--transform", "w_300"];

async function storedIn({ VARIANTS_DIR = "" }: Record<string, string>): Promise<string[]> {
  const all = await readdir(VARIANTS_DIR, { recursive: true });
  return all.filter((name) => /^variants.*w_\d+\.jpg$/.test(name));
}

function variantsOf(names: readonly string[]): string[] {
  return names.flatMap((name) => WIDTHS.map((width) => `variants/1/${name}/w_${width}.jpg`));
}

function madeBy(run: CliRun): string[] {
  const lines = linesOf(run.output()).filter(({ status }) => status === "made");
  return lines.map(({ variant }) => String(variant));
}

/** The first of some workers that is in the middle of its work. */
async function firstAtWork(workers: readonly CliRun[]): Promise<CliRun> {
  for (let attempt = 0; attempt < 3000; attempt += 1) {
    const found = workers.find((worker) => madeBy(worker).length > 2);
    if (found) return found;
    await sleep(10);
  }
  throw new Error(`nobody works: ${workers.map((worker) => worker.errors()).join("\n")}`);
}

describe.skipIf(!hasRedis())("shift-media work", () => {
  let redis: RedisServer;
  let folders: Awaited<ReturnType<typeof createFolders>>;
  let scratch: string;

  beforeAll(async () => {
    redis = await startRedis();
    const photo = await drawPhoto(400, 300);
    folders = await createFolders({
      ...Object.fromEntries(NAMES.map((name) => [name, photo])),
      "broken.jpg": photo.subarray(0, 200),
    });
    scratch = await mkdtemp(join(tmpdir(), "shift-media-"));
  });

  afterAll(async () => {
    await redis.stop();
    await folders.remove();
    await rm(scratch, { recursive: true, force: true });
  });

  /** An environment with a queue and a folder of variants of its own. */
  function environmentOf(database: number | string): Record<string, string> {
    return {
      ORIGINALS_DIR: folders.originals,
      VARIANTS_DIR: join(scratch, String(database)),
      WARM_QUEUE: `${redis.url}/${database}`,
      POOL_SIZE: "1",
    };
  }

  it("loses nothing and makes nothing twice when one of three workers is killed", async () => {
    const environment = environmentOf(1);
    const args = ["warm", "--enqueue", "--prefix", "a:b", ...WANTED];
    const enqueued = await runCli(args, { environment });
    expect([enqueued.code, enqueued.errors]).toEqual([0, ""]);
    expect(enqueued.output).toContain("60 waiting, 0 active, 0 failed");
    // it is the same when it is said again
    expect((await runCli(args, { environment })).output).toContain("60 waiting");

    const work = ["work", "--json", "--until-empty", "--lost-after", "2", "--concurrency", "2"];
    const workers = [1, 2, 3].map(() => startCli(work, { environment }));
    const victim = await firstAtWork(workers);
    const others = workers.filter((worker) => worker !== victim);
    victim.process.kill("SIGKILL");
    const before = new Set(workers.flatMap(madeBy));
    expect(before.size).toBeLessThan(NAMES.length * WIDTHS.length);
    expect(await Promise.all(others.map(({ code }) => code))).toEqual([0, 0]);

    expect((await storedIn(environment)).toSorted()).toEqual(variantsOf(NAMES).toSorted());
    // of what the victim was at work on it may have made some that it could not tell of any more
    const made = workers.flatMap(madeBy);
    expect(made).toHaveLength(new Set(made).size);
    const lost = variantsOf(NAMES).filter((variant) => !made.includes(variant));
    expect(lost.length).toBeLessThanOrEqual(2 * WIDTHS.length);
    const status = await runCli(["work", "--status"], { environment });
    expect(JSON.parse(status.output)).toEqual({ waiting: 0, active: 0, failed: 0 });
  }, 120_000);

  it("keeps what cannot be made, with the reason, and tries it again when told to", async () => {
    const environment = environmentOf(2);
    const input = `gone.jpg\nbroken.jpg\n{"key":"${NAMES[0]}","transforms":["w_300","t_nope"]}\nx\n`;
    const args = ["warm", "--enqueue", "--from", "-", "--transform", "w_300"];
    const enqueued = await runCli(args, { environment, input: `${input}{"wrong":1}\n` });
    expect([enqueued.code, enqueued.errors]).toEqual([1, expect.stringContaining("line 5: ")]);
    const work = ["work", "--until-empty"];
    expect((await runCli(work, { environment })).code).toBe(0);
    const listed = await runCli(["work", "--failed"], { environment });
    const letters = Object.fromEntries(
      linesOf(listed.output).map(({ key, reason, attempts }) => [key, { reason, attempts }]),
    );
    expect(letters).toEqual({
      "gone.jpg": {
        reason: 'w_300,f_jpg: there is no original "gone.jpg"',
        attempts: 1, // to ask again would not help
      },
      x: { reason: expect.stringContaining("there is no original"), attempts: 1 },
      "broken.jpg": { reason: expect.stringContaining("w_300"), attempts: 1 },
      [String(NAMES[0])]: { reason: expect.stringMatching(/^1 of 2: t_nope: /), attempts: 1 },
    });
    expect(await storedIn(environment)).toHaveLength(1);
    const again = await runCli(["work", "--retry-failed"], { environment });
    expect(again.output).toBe("put 4 originals back into the queue\n");
    expect((await runCli(work, { environment })).code).toBe(0);
    const status = await runCli(["work", "--status"], { environment });
    expect(JSON.parse(status.output)).toEqual({ waiting: 0, active: 0, failed: 4 });
  }, 120_000);

  it("finishes what it is at work on at SIGTERM, and leaves the rest to others", async () => {
    const environment = environmentOf(3);
    await runCli(["warm", "--enqueue", "--prefix", "a:b", ...WANTED], { environment });
    const worker = startCli(["work", "--json", "--concurrency", "1"], { environment });
    await firstAtWork([worker]);
    worker.process.kill("SIGTERM");
    expect(await worker.code).toBe(0);
    const done = madeBy(worker);
    expect(done.length % WIDTHS.length).toBe(0);
    const { output } = await runCli(["work", "--status"], { environment });
    const left = NAMES.length - done.length / WIDTHS.length;
    expect(JSON.parse(output)).toEqual({ waiting: left, active: 0, failed: 0 });
  }, 120_000);

  it.each([
    ["has gone", "SIGKILL"],
    ["says nothing any more", "SIGSTOP"],
  ] as const)(
    "ends at SIGTERM though the queue %s",
    async (_, signal) => {
      const other = await startRedis();
      const environment = {
        ...environmentOf(`without ${signal}`),
        WARM_QUEUE: other.url,
      };
      try {
        await runCli(["warm", "--enqueue", "--prefix", "a:b", ...WANTED], { environment });
        const worker = startCli(["work", "--json", "--concurrency", "1"], { environment });
        await firstAtWork([worker]);
        other.kill(signal);
        worker.process.kill("SIGTERM");
        expect(await worker.code).toBe(0);
        expect(worker.errors()).toContain("the queue does not answer");
      } finally {
        await other.stop();
      }
    },
    60_000,
  );

  it("says what is missing, and not what is secret", async () => {
    const environment = { ...environmentOf(4), WARM_QUEUE: "redis://:hush@127.0.0.1:1/" };
    const away = await runCli(["work", "--status"], { environment });
    expect([away.code, away.output]).toEqual([1, ""]);
    expect(away.errors).toContain("the queue at 127.0.0.1:1 cannot be reached");
    const unset = await runCli(["work"], { environment: { ...environment, WARM_QUEUE: "" } });
    expect([unset.code, unset.errors]).toEqual([2, expect.stringContaining("set WARM_QUEUE")]);
    const wrong = { ...environment, WARM_QUEUE: "http://:hush@localhost" };
    const refused = await runCli(["work"], { environment: wrong });
    expect([refused.code, refused.errors]).toEqual([2, expect.stringContaining("redis")]);
    expect(away.errors + refused.errors).not.toContain("hush");
  }, 60_000);
});
