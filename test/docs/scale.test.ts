import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { OPERATOR } from "../support/service/app.ts";
import { setUpFaults } from "../support/service/faulty-service.ts";
import { drawPhoto } from "../support/images.ts";

const PAGE = readFileSync(new URL("../../docs/scale.md", import.meta.url), "utf8");

const { s3, start } = setUpFaults(async () => ({
  "a.jpg": await drawPhoto(400, 300),
  "b.jpg": await drawPhoto(300, 400),
  "c.jpg": await drawPhoto(300, 300),
}));

/** Counts what the store has been asked for since then. */
function countRequests(before: number): Readonly<Record<"puts" | "gets" | "heads", number>> {
  const calls = s3().calls.slice(before);
  const count = (method: string): number =>
    calls.filter((call) => call.startsWith(`${method} `)).length;
  return { puts: count("PUT"), gets: count("GET"), heads: count("HEAD") };
}

describe("the requests that docs/scale.md counts", () => {
  it("are those that a warm-up makes", async () => {
    expect(PAGE).toContain("`V` times `PUT`, `N` times `GET`, `V + N` times `HEAD`");
    const service = await start();
    const before = s3().calls.length;
    const body = JSON.stringify({
      keys: ["a.jpg", "b.jpg", "c.jpg"],
      transforms: ["w_40", "w_50", "w_60", "w_70,f_png"],
    });
    const headers = { "content-type": "application/json", ...OPERATOR };
    await service.get("/-/warm", { method: "POST", body, headers });
    await service.idle();
    expect(countRequests(before)).toEqual({ puts: 12, gets: 3, heads: 12 + 3 });
  });

  it("are those of a miss, and of a check of what is known", async () => {
    expect(PAGE).toContain("A miss is a `HEAD` of the variant and of the original, a `GET` and a");
    const service = await start({ FRESHNESS_TTL_SECONDS: "1", DELIVERY: "stream" });
    const before = s3().calls.length;
    await service.get("/w_81/a.jpg");
    await service.idle();
    expect(countRequests(before)).toEqual({ puts: 1, gets: 1, heads: 2 });
    const known = s3().calls.length;
    await new Promise((resolve) => {
      setTimeout(resolve, 2100); // then it is checked before the answer
    });
    await service.get("/w_81/a.jpg", { method: "HEAD" });
    await service.idle();
    expect(countRequests(known)).toEqual({ puts: 0, gets: 0, heads: 2 });
  });
});
