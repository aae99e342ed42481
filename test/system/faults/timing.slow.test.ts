import { describe, expect, it } from "vitest";
import { drawPhoto } from "../../support/images.ts";
import { refuse } from "../../support/s3/script.ts";
import type { Taken } from "../../support/service/faulty-service.ts";
import { setUpFaults } from "../../support/service/faulty-service.ts";

const { s3, start } = setUpFaults(async () => ({ "a.jpg": await drawPhoto(300, 200) }));

/** The names of an answer's parts; each has a duration, and none takes longer than all together. */
function parts({ headers }: Taken): string {
  const entries = (headers.get("server-timing") ?? "").split(", ").map((entry) => {
    const [, name = "", ms] = /^([a-z-]+);dur=(\d+(?:\.\d+)?)$/.exec(entry) ?? [];
    return { name, ms: Number(ms) };
  });
  const total = entries.at(-1)?.ms ?? Number.NaN;
  expect(entries.every(({ ms }) => ms <= total + 1)).toBe(true);
  return entries.map(({ name }) => name).join(" ");
}

describe("Server-Timing", () => {
  it("tells the parts of a miss, of a HEAD with its write, and of those who join", async () => {
    const service = await start();
    const made = Promise.all([service.get("/w_50/a.jpg"), service.get("/w_50/a.jpg")]);
    expect((await made).map(parts).toSorted()).toEqual([
      "head fetch queue decode-encode total",
      "join total",
    ]);
    const head = await service.get("/w_51/a.jpg", { method: "HEAD" });
    expect(parts(head)).toBe("head fetch queue decode-encode store total");
  });

  it("tells a hit from memory, and a first sight", async () => {
    const service = await start();
    const head = { method: "HEAD" };
    await service.get("/w_52/a.jpg", head);
    await service.idle();
    expect(parts(await service.get("/w_52/a.jpg", head))).toBe("memo total");
    const other = await start();
    expect(parts(await other.get("/w_52/a.jpg", head))).toBe("head total");
    expect(parts(await other.get("/w_52/a.jpg", head))).toBe("memo total");
  });

  it("is on errors, with what was done until then", async () => {
    const service = await start();
    expect(parts(await service.get("/w_0/a.jpg"))).toBe("total");
    expect(parts(await service.get("/w_53/nowhere.jpg"))).toBe("head fetch total");
    expect(parts(await service.get("/w_53/nowhere.jpg"))).toBe("total"); // it is remembered
    s3().fail(/^HEAD/, { answer: refuse(403, "AccessDenied") });
    expect(parts(await service.get("/w_53/a.jpg"))).toBe("head total");
  });
});
