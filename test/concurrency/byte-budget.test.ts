import { describe, expect, it } from "vitest";
import { createByteBudget } from "../../src/concurrency/byte-budget.ts";

describe("createByteBudget", () => {
  it("gives what there is room for, and lets the others wait in their order", async () => {
    const budget = createByteBudget({ limit: 100, waitMs: 1000, queueLimit: 1000 });
    const first = await budget.take(60);
    const order: string[] = [];
    const second = budget.take(50).then((share) => {
      order.push("second");
      return share;
    });
    const third = budget.take(10).then((share) => {
      order.push("third");
      return share;
    });
    await Promise.resolve();
    expect(order).toEqual([]);
    first.resize(50);
    (await second).release();
    await third;
    expect(order).toEqual(["second", "third"]);
  });

  it("refuses those who have waited too long, and serves the next all the same", async () => {
    const budget = createByteBudget({ limit: 100, waitMs: 20, queueLimit: 1000 });
    const first = await budget.take(100);
    await expect(budget.take(1)).rejects.toMatchObject({ code: "overloaded" });
    first.release();
    await budget.take(100);
  });

  it("gives more than there is to one at a time", async () => {
    const budget = createByteBudget({ limit: 100, waitMs: 20, queueLimit: 1000 });
    const large = await budget.take(500);
    await expect(budget.take(1)).rejects.toMatchObject({ code: "overloaded" });
    large.release();
    await budget.take(500);
  });

  it("never gives away what it does not have", async () => {
    const budget = createByteBudget({ limit: 100, waitMs: 5000, queueLimit: 1000 });
    let held = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 200 }, async (_, n) => {
        const share = await budget.take(40);
        held += 40;
        most = Math.max(most, held);
        await Promise.resolve();
        held -= 40 - (n % 40);
        share.resize(n % 40);
        await Promise.resolve();
        held -= n % 40;
        share.release();
      }),
    );
    expect(most).toBeLessThanOrEqual(100);
    expect(most).toBeGreaterThan(40);
  });
});
