import type { R2Bucket, RateLimit as CloudflareRateLimit } from "@cloudflare/workers-types";
import { describe, expect, expectTypeOf, it } from "vitest";
import { ConfigError } from "../../../src/config/error.ts";
import { loadConfig } from "../../../src/config/config.ts";
import type { RateLimit, ReadBucket } from "../../../src/edge/worker/bindings.ts";
import { readSettings } from "../../../src/edge/worker/settings.ts";

const BUCKET = { head: async () => null, get: async () => null };

describe("readSettings", () => {
  it("has the defaults of the service", () => {
    const bindings = { ORIGIN_URL: "https://a", POLICY: "open", VARIANTS_BUCKET: BUCKET };
    const settings = readSettings(bindings);
    const { delivery, publicUrl, cache, freshness, ...config } = loadConfig({ POLICY: "open" });
    const { basePath, prefix, autoFormats } = config;
    expect(settings).toMatchObject({
      delivery,
      publicUrl,
      cache,
      freshness: { isChecked: freshness.mode === "check", ttlMs: freshness.ttlMs },
      rules: { basePath, prefix, autoFormats },
      origin: { timeoutMs: 15_000 },
    });
  });

  it.each([
    [{}, /ORIGIN_URL must be set/],
    [{ ORIGIN_URL: "ftp://a" }, /ORIGIN_URL must be an http or https URL/],
    [{ ORIGIN_URL: "https://a" }, /anybody could have any number/],
    [{ ORIGIN_URL: "https://a", POLICY: "signed" }, /POLICY=signed needs SIGNING_SECRETS/],
    [{ ORIGIN_URL: "https://a", SIGNING_SECRETS: "short" }, /at least 16 bytes/],
    [{ ORIGIN_URL: "https://a", SIGNING_SECRET: "x" }, /there is no variable SIGNING_SECRET/],
    [{ ORIGIN_URL: "https://a", POLICY: "open", VARIANTS_BUCKET: "name" }, /bound to an R2 bucket/],
    [
      { ORIGIN_URL: "https://a", POLICY: "open", VARIANTS_BUCKET: BUCKET, DELIVERY: "redirect" },
      /needs a PUBLIC_URL/,
    ],
  ] as const)("refuses %o", (bindings, problem) => {
    expect(() => readSettings(bindings)).toThrow(problem);
    expect(() => readSettings(bindings)).toThrow(ConfigError);
  });

  it("never says what is set, as anybody is told what is wrong", () => {
    const bindings = { ORIGIN_URL: "ftp://tell-nobody", ORIGIN_SECRET: "tell-nobody", POLICY: "x" };
    expect(() => readSettings(bindings)).toThrow(/ORIGIN_URL.*\n.*ORIGIN_SECRET/);
    expect(() => readSettings(bindings)).not.toThrow(/tell-nobody/);
  });
});

describe("bindings", () => {
  it("are what Cloudflare has", () => {
    expectTypeOf<R2Bucket["head"]>().parameters.toEqualTypeOf<Parameters<ReadBucket["head"]>>();
    expectTypeOf<CloudflareRateLimit>().toExtend<RateLimit>();
  });
});
