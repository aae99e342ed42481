import { describe, expect, it, vi } from "vitest";
import type { Lease } from "../../src/async/semaphore.ts";
import { Semaphore } from "../../src/async/semaphore.ts";

/** Acquires a weight, and adds its name to the order when it is granted. */
function acquireNamed(
  semaphore: Semaphore,
  { weight, name, order }: { weight: number; name: string; order: string[] },
): Promise<Lease> {
  return semaphore.acquire(weight).then((lease) => {
    order.push(name);
    return lease;
  });
}

const SOON = Promise.resolve();

describe("Semaphore", () => {
  it("grants what there is room for, and serves those who wait in their order", async () => {
    const semaphore = new Semaphore({ limit: 100 });
    const first = await semaphore.acquire(60);
    const order: string[] = [];
    const second = acquireNamed(semaphore, { weight: 50, name: "second", order });
    const third = acquireNamed(semaphore, { weight: 10, name: "third", order });
    const fourth = acquireNamed(semaphore, { weight: 10, name: "fourth", order });
    await SOON;
    expect(order).toEqual([]); // there is room for the third, but the second is before it
    first.resize(30);
    await Promise.all([second, third, fourth]);
    expect(order).toEqual(["second", "third", "fourth"]);
    expect(semaphore.tryAcquire(1)).toBeUndefined();
    (await second).release();
    (await second).release(); // has no effect
    expect(semaphore.tryAcquire(51)).toBeUndefined();
    expect(semaphore.tryAcquire(50)).toBeDefined();
  });

  it("refuses those who have waited too long, and serves the next all the same", async () => {
    vi.useFakeTimers();
    try {
      const semaphore = new Semaphore({ limit: 100, createRefusal: () => new Error("no room") });
      const first = await semaphore.acquire(90);
      const large = expect(semaphore.acquire(20, { timeoutMs: 20 })).rejects.toThrow("no room");
      const small = semaphore.acquire(10, { timeoutMs: 30 });
      await vi.advanceTimersByTimeAsync(20);
      await large;
      (await small).release();
      first.release();
      expect(semaphore.isIdle).toBe(true);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it("lets those go whose signal fires, before or while they wait", async () => {
    const semaphore = new Semaphore({ limit: 1 });
    const first = await semaphore.acquire();
    const client = new AbortController();
    const gone = expect(semaphore.acquire(1, { signal: client.signal })).rejects.toThrow("gone");
    const next = semaphore.acquire();
    client.abort(new Error("gone"));
    await gone;
    const { signal } = client;
    await expect(semaphore.acquire(1, { signal })).rejects.toThrow("gone");
    first.release();
    (await next).release();
    expect(semaphore.isIdle).toBe(true);
  });

  it("refuses more than may wait at once", async () => {
    const semaphore = new Semaphore({ limit: 1, maxWaiting: 1 });
    await semaphore.acquire();
    const waiting = new AbortController();
    const second = expect(semaphore.acquire(1, { signal: waiting.signal })).rejects.toThrow();
    await expect(semaphore.acquire()).rejects.toThrow("too many");
    waiting.abort();
    await second;
  });

  it("grants more than there is to one at a time", async () => {
    const semaphore = new Semaphore({ limit: 100 });
    const large = await semaphore.acquire(500);
    expect(semaphore.tryAcquire(1)).toBeUndefined();
    large.release();
    expect(semaphore.tryAcquire(500)).toBeDefined();
  });

  it("never grants what it does not have", async () => {
    const semaphore = new Semaphore({ limit: 100 });
    let held = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 200 }, async (_, n) => {
        using lease = await semaphore.acquire(40);
        held += 40;
        most = Math.max(most, held);
        await Promise.resolve();
        held -= 40 - (n % 40);
        lease.resize(n % 40);
        await Promise.resolve();
        held -= n % 40;
      }),
    );
    expect(most).toBeLessThanOrEqual(100);
    expect(most).toBeGreaterThan(40);
    expect(semaphore.isIdle).toBe(true);
  });
});
