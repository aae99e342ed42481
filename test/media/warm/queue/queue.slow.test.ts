import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WarmRequest } from "../../../../src/media/warm/request.ts";
import type { WarmResult } from "../../../../src/media/warm/result.ts";
import type { Warm } from "../../../../src/media/warm/warm.ts";
import type { WarmQueue } from "../../../../src/media/warm/queue/queue.ts";
import { openQueue } from "../../../../src/media/warm/queue/queue.ts";
import type { WorkOptions } from "../../../../src/media/warm/queue/worker.ts";
import type { RedisServer } from "../../../support/programs/redis.ts";
import { hasRedis, startRedis } from "../../../support/programs/redis.ts";
import { sleep } from "../../../support/service/server.ts";

function orderOf(key: string): WarmRequest {
  return { key, outputs: [{ transforms: ["w_1"], formats: [] }] };
}

/** Makes of each order what it is told to. */
function pretend(become: (key: string) => Partial<WarmResult>): Warm {
  return async function* warm(entries) {
    for await (const entry of entries) {
      if ("key" in entry) yield { status: "made", key: entry.key, bytes: 7, ...become(entry.key) };
    }
  };
}

async function untilEmpty(queue: WarmQueue): Promise<void> {
  for (let attempt = 0; attempt < 1000; attempt += 1) {
    const { waiting, active } = await queue.counts();
    if (waiting + active === 0) return;
    await sleep(20);
  }
  throw new Error("there is still something in the queue");
}

describe.skipIf(!hasRedis())("openQueue", () => {
  let redis: RedisServer;
  let names = 0;

  beforeAll(async () => {
    redis = await startRedis();
  });

  afterAll(async () => {
    await redis.stop();
  });

  /** Works on some orders until nothing is left of them. */
  async function workOff(
    orders: readonly WarmRequest[],
    options: Pick<WorkOptions, "warm"> & Partial<WorkOptions>,
  ): Promise<{ queue: WarmQueue; results: WarmResult[]; name: string }> {
    names += 1;
    const name = `queue-${names}`;
    const queue = await openQueue({ url: redis.url, name });
    await queue.add(orders);
    const results: WarmResult[] = [];
    const work = queue.work({
      concurrency: 10,
      lostAfterMs: 30_000,
      onResult: (result) => results.push(result),
      onProblem: (error) => {
        throw error;
      },
      ...options,
    });
    await untilEmpty(queue);
    await work.stop();
    return { queue, results, name };
  }

  it("works each order off once, whatever its key, and leaves nothing of it behind", async () => {
    const keys = [
      "1",
      "a:b",
      "ä b/c.jpg",
      "x".repeat(1000),
      ...Array.from({ length: 500 }, String),
    ];
    const orders = [...new Set(keys)].map(orderOf);
    const warm = pretend(() => ({}));
    const { queue, results, name } = await workOff([...orders, ...orders], { warm });
    expect(results.map(({ key }) => key)).toHaveLength(orders.length);
    expect(new Set(results.map(({ key }) => key)).size).toBe(orders.length);
    await queue.close();
    const client = new Redis(redis.url);
    const left = await client.keys(`shift-media:${name}:original-*`);
    await client.quit();
    expect(left).toEqual([]);
  });

  it("tries an overloaded order again, after all orders that wait", async () => {
    let runs = 0;
    const warm = pretend(() => {
      runs += 1;
      return runs === 1 ? { status: "failed", code: "overloaded", message: "not now" } : {};
    });
    const keys = ["a.jpg", "b.jpg", "c.jpg"];
    const { queue, results } = await workOff(keys.map(orderOf), { warm, concurrency: 1 });
    const outcomes = results.map(({ key, status }) => `${key} ${status}`);
    expect(outcomes).toEqual(["a.jpg failed", "b.jpg made", "c.jpg made", "a.jpg made"]);
    expect(await queue.counts()).toEqual({ waiting: 0, active: 0, failed: 0 });
    await queue.close();
  });

  it("keeps what was given up, until it is put back", async () => {
    const keys = Array.from({ length: 250 }, (_, n) => `${n}.jpg`);
    const warm = pretend(() => ({
      status: "failed",
      code: "unusable_original",
      message: "broken",
      transform: "w_1",
      format: "jpg",
    }));
    const { queue } = await workOff(keys.map(orderOf), { warm });
    const letters = [];
    for await (const letter of queue.listFailed()) letters.push(letter);
    expect(new Set(letters.map(({ key }) => key))).toEqual(new Set(keys));
    expect(letters[0]).toMatchObject({ reason: "w_1,f_jpg: broken", attempts: 1 });
    expect(await queue.retryFailed()).toBe(250);
    expect(await queue.counts()).toEqual({ waiting: 250, active: 0, failed: 0 });
    await queue.close();
  });

  it("takes no more orders a second than it may", async () => {
    const begins: number[] = [];
    const warm = pretend(() => {
      begins.push(performance.now());
      return {};
    });
    const orders = Array.from({ length: 9 }, (_, n) => orderOf(`${n}.jpg`));
    const { queue } = await workOff(orders, { warm, rate: 4 });
    expect(Number(begins[8]) - Number(begins[0])).toBeGreaterThan(1000);
    await queue.close();
  });
});
