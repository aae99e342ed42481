import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Machine, Workload } from "../../../src/ops/estimate/estimate.ts";
import { estimate, WAYS } from "../../../src/ops/estimate/estimate.ts";
import { PRICES } from "../../../src/ops/estimate/prices.ts";
import { runCli } from "../../support/cli.ts";
import { setUpFaults } from "../../support/faulty-service.ts";
import { drawPhoto } from "../../support/images.ts";

const WORKLOAD: Workload = {
  originals: 1000,
  variantsPerOriginal: 10,
  hitsPerSecond: 100,
  hitRatio: 0.9,
  originalMb: 2,
  variantKb: 50,
  churn: 0,
  peak: 2,
  active: 0.03,
  ttlSeconds: 300,
};
const MACHINE: Machine = { cores: 4, warmCores: 9, missMs: 90, redirectUs: 50, streamUs: 1000 };
const MONTH = 730 * 3600;

function run(workload: Partial<Workload> = {}, machine: Partial<Machine> = {}) {
  return estimate({ ...WORKLOAD, ...workload }, { ...MACHINE, ...machine }, PRICES);
}

function monthOf(way: (typeof WAYS)[number], workload: Partial<Workload> = {}) {
  const month = run(workload).months.find((candidate) => candidate.way === way);
  if (!month) throw new Error("there is one for each way");
  return month;
}

describe("estimate", () => {
  it("counts what the first time takes", () => {
    const { firstTime, originalsGb, variantsGb } = run();
    expect(firstTime).toMatchObject({ variants: 10_000, cpuHours: 0.25, putsPerSecond: 100 });
    expect(firstTime.hours).toBeCloseTo(100 / 3600);
    expect(firstTime.cost.aws).toBeCloseTo((10_000 * 5 + 12_000 * 0.4) / 1e6);
    expect([originalsGb, variantsGb]).toEqual([2, 0.5]);
  });

  it("is no faster than one prefix of S3", () => {
    expect(run({}, { warmCores: 9000 }).firstTime.putsPerSecond).toBe(3500);
  });

  it("knows who is asked for a hit in which way", () => {
    const [redirect, stream, bucket] = WAYS.map((way) => monthOf(way));
    expect(redirect?.requestsPerSecond).toBe(200);
    expect(stream?.requestsPerSecond).toBeCloseTo(20);
    expect(bucket?.requestsPerSecond).toBe(0);
    for (const month of [redirect, stream, bucket]) {
      expect(month?.requests.gets).toBeCloseTo(10 * MONTH);
    }
    // 300 active variants in 300 seconds, for each of two instances, two looks each
    expect(redirect?.requests.heads).toBeCloseTo(4 * MONTH);
    expect(bucket?.requests.heads).toBe(0);
  });

  it("asks for new variants in each way, and for a bucket's lack of them", () => {
    const churn = { churn: 1, hitsPerSecond: 0 };
    for (const way of WAYS) {
      const { requests } = monthOf(way, churn);
      expect(requests.puts).toBeCloseTo(10_000);
      expect(requests.heads).toBeCloseTo(20_000);
      expect(requests.gets).toBeCloseTo(way === "bucket" ? 20_000 : 10_000);
    }
  });

  it("has HTTP on one core of an instance, and images on all", () => {
    // 60,000 redirects/s of 50 µs are three cores, at 60 % five
    expect(monthOf("redirect", { hitsPerSecond: 30_000 }).instances).toBe(5);
    // ten variants/s of 90 ms, twice that at the peak, are 1.8 cores, at 60 % three of an instance's four
    expect(monthOf("bucket", { churn: (10 * MONTH) / 10_000 }).instances).toBe(2);
    expect(monthOf("bucket", { churn: (100 * MONTH) / 10_000 }).instances).toBe(8);
  });

  it("never costs less for more, and adds up", () => {
    const factor = fc.double({ min: 1, max: 50, noNaN: true });
    const names = fc.constantFrom<keyof Workload>(
      "originals",
      "variantsPerOriginal",
      "hitsPerSecond",
      "originalMb",
      "variantKb",
      "peak",
    );
    fc.assert(
      fc.property(
        names,
        factor,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (name, more, churn) => {
          const less = run({ churn });
          const larger = run({ churn, [name]: WORKLOAD[name] * more });
          for (const [index, { cost }] of larger.months.entries()) {
            const before = less.months[index]?.cost;
            for (const provider of ["aws", "r2"] as const) {
              const { total, ...parts } = cost[provider];
              expect(total).toBeGreaterThanOrEqual((before?.[provider].total ?? 0) - 1e-6);
              expect(total).toBeCloseTo(Object.values(parts).reduce((sum, part) => sum + part, 0));
            }
          }
        },
      ),
    );
  });
});

const { s3, start } = setUpFaults(async () => ({
  "a.jpg": await drawPhoto(400, 300),
  "b.jpg": await drawPhoto(300, 400),
  "c.jpg": await drawPhoto(300, 300),
}));

/** The calls to the store since then. */
function requestsSince(before: number): Readonly<Record<"puts" | "gets" | "heads", number>> {
  const calls = s3().calls.slice(before);
  const count = (method: string): number =>
    calls.filter((call) => call.startsWith(`${method} `)).length;
  return { puts: count("PUT"), gets: count("GET"), heads: count("HEAD") };
}

describe("the requests of an estimate", () => {
  it("are those that a warm-up makes", async () => {
    const service = await start();
    const before = s3().calls.length;
    const body = JSON.stringify({
      keys: ["a.jpg", "b.jpg", "c.jpg"],
      transforms: ["w_40", "w_50", "w_60", "w_70,f_png"],
    });
    const headers = { "content-type": "application/json" };
    await service.get("/-/warm", { method: "POST", body, headers });
    await service.idle();
    const { firstTime } = run({ originals: 3, variantsPerOriginal: 4 });
    expect(requestsSince(before)).toEqual(firstTime.requests);
  });

  it("are those of a miss, and of a look after what is known", async () => {
    const service = await start({ FRESHNESS_TTL_SECONDS: "1", DELIVERY: "stream" });
    const before = s3().calls.length;
    await service.get("/w_81/a.jpg");
    await service.idle();
    expect(requestsSince(before)).toEqual({ puts: 1, gets: 1, heads: 2 });
    const known = s3().calls.length;
    await new Promise((resolve) => {
      setTimeout(resolve, 2100); // then it is looked after before the answer
    });
    await service.get("/w_81/a.jpg", { method: "HEAD" });
    await service.idle();
    expect(requestsSince(known)).toEqual({ puts: 0, gets: 0, heads: 2 });
  });
});

describe("shift-media estimate", () => {
  it("prints what the page about it shows", async () => {
    const page = readFileSync(new URL("../../../docs/scale.md", import.meta.url), "utf8");
    const examples = [...page.matchAll(/```console\n\$ shift-media (estimate .*)\n([^`]*)```/g)];
    expect(examples.length).toBeGreaterThan(2);
    for (const [, command = "", expected] of examples) {
      const { code, output } = await runCli(command.split(" "));
      expect([code, output]).toEqual([0, expected]);
    }
  });

  it("prints all numbers as JSON, and reckons with other prices", async () => {
    const args = ["estimate", "--originals", "10", "--variants", "2", "--hits", "1", "--json"];
    const { output } = await runCli([...args, "--price", "r2.put=1000000", "--price", "r2.get=0"]);
    expect(JSON.parse(output)).toMatchObject({ firstTime: { variants: 20, cost: { r2: 20 } } });
  });

  it.each([
    [["--originals", "0"], "--originals must be more than 0"],
    [["--originals", "1e99"], "--originals must be"],
    [["--hits", "-1"], "--hits must be from 0"],
    [["--hits", "many"], 'got "many"'],
    [["--hit-ratio", "98"], "--hit-ratio must be from 0 to 1"],
    [["--price", "aws.gets=1"], "one of put, get, storage"],
    [["--price", "aws.__proto__=1"], "one of put, get, storage"],
    [["--price", "gcp.get=1"], "one of aws, r2"],
  ])("refuses %j, with 2", async (wrong, problem) => {
    const right = ["--originals", "10", "--variants", "2", "--hits", "1"];
    const { code, errors } = await runCli(["estimate", ...right, ...wrong]);
    expect([code, errors]).toEqual([2, expect.stringContaining(problem)]);
  });
});
