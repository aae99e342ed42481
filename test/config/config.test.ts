import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/config/error.ts";
import { loadConfig, listDefaults } from "../../src/config/config.ts";

describe("loadConfig", () => {
  it("serves a folder on loopback when nothing is set", () => {
    const config = loadConfig({});
    expect(config).toMatchObject({
      host: "127.0.0.1",
      port: 3000,
      basePath: "",
      store: { kind: "file", originalsDir: "originals", variantsDir: "variants" },
      prefix: { root: "variants/", epoch: "1" },
      delivery: "auto",
      freshness: { mode: "check", ttlMs: 300_000 },
      autoFormats: ["avif", "webp"],
      maxOriginalBytes: 67_108_864,
      imageLimits: {
        maxPixels: 72_000_000,
        maxJpegPixels: 210_000_000,
        maxAvifPixels: 24_000_000,
        maxSide: 16_384,
      },
    });
    expect(config.publicUrl).toBeUndefined();
  });

  it("takes what is set to nothing as not set", () => {
    expect(loadConfig({ PORT: "", S3_BUCKET: "", PUBLIC_URL: "", ALLOW_UNSIGNED: "" })).toEqual(
      loadConfig({}),
    );
  });

  it("needs nothing but the bucket and the leave to be open for S3", () => {
    const { store } = loadConfig({ S3_BUCKET: "media", ALLOW_UNSIGNED: "true" });
    expect(store).toEqual({
      kind: "s3",
      originalsBucket: "media",
      variantsBucket: "media",
      forcePathStyle: false,
    });
  });

  it("addresses buckets by path where an endpoint is named, unless it is told otherwise", () => {
    const s3 = { S3_BUCKET: "media", ALLOW_UNSIGNED: "true", AWS_ENDPOINT_URL_S3: "http://x" };
    expect(loadConfig(s3).store).toMatchObject({ forcePathStyle: true });
    expect(loadConfig({ ...s3, S3_FORCE_PATH_STYLE: "no" }).store).toMatchObject({
      forcePathStyle: false,
    });
  });

  it("takes for an endpoint what the SDK takes for one", () => {
    const s3 = { S3_BUCKET: "media", ALLOW_UNSIGNED: "true", AWS_ENDPOINT_URL: "http://x" };
    expect(loadConfig({ ...s3, AWS_ENDPOINT_URL_S3: "" }).store).toMatchObject({
      forcePathStyle: true,
    });
    for (const AWS_ENDPOINT_URL_S3 of ["127.0.0.1:7480", "localhost:7480", "http://"]) {
      expect(() => loadConfig({ ...s3, AWS_ENDPOINT_URL_S3 })).toThrow(/AWS_ENDPOINT_URL_S3 must/);
      expect(loadConfig({ AWS_ENDPOINT_URL_S3 }).store.kind).not.toBe("s3");
    }
  });

  it("refuses to start wide open with S3, and says what to set", () => {
    expect(() => loadConfig({ S3_BUCKET: "media" })).toThrow("ALLOW_UNSIGNED=true");
    expect(() => loadConfig({ S3_BUCKET: "media", ALLOW_UNSIGNED: "false" })).toThrow(ConfigError);
  });

  it("reads what the events of buckets are to do", () => {
    const topic = "arn:aws:sns:eu-central-1:123456789012:media";
    const { events } = loadConfig({
      EVENT_TOPICS: `${topic}, arn:aws-cn:sns:cn-north-1:123456789012:x`,
      EVENT_WARM: "t_thumb w_300,f_webp",
      PRESETS: "thumb=w_9",
    });
    expect([events.topics.size, events.topics.has(topic)]).toEqual([2, true]);
    expect(events.warm).toEqual(["t_thumb", "w_300,f_webp"]);
    expect(loadConfig({}).events).toEqual({ topics: new Set(), warm: [] });
  });

  it.each([
    [{ EVENT_TOPICS: "media" }, "EVENT_TOPICS must be a list of ARNs of SNS topics"],
    [{ EVENT_TOPICS: "arn:aws:sns:eu-central-1:123456789012:x.fifo" }, "EVENT_TOPICS must be"],
    [{ EVENT_TOPICS: "arn:aws:sqs:eu-central-1:123456789012:media" }, "EVENT_TOPICS must be"],
    [{ EVENT_WARM: "w_0" }, "EVENT_WARM is wrong"],
    [{ EVENT_WARM: "t_thumb" }, "EVENT_WARM is wrong"],
    [{ EVENT_WARM: "photos" }, "EVENT_WARM is wrong"],
    [{ EVENT_WARM: "w_3,exp_1893456000" }, "EVENT_WARM is wrong"],
  ])("refuses %j", (environment, problem) => {
    expect(() => loadConfig(environment)).toThrow(problem);
  });

  it("refuses to redirect to nowhere", () => {
    const s3 = { S3_BUCKET: "media", ALLOW_UNSIGNED: "true", DELIVERY: "redirect" };
    expect(() => loadConfig(s3)).toThrow("DELIVERY=redirect needs a PUBLIC_URL");
    expect(loadConfig({ DELIVERY: "redirect" }).delivery).toBe("redirect");
  });

  it.each([
    ["media", "media/cache", false],
    ["media", "./media/../media/cache", false],
    [".", "variants", true],
    ["media", "media", true],
    ["media", "media2", true],
    ["media/a", "media", true],
  ])("keeps variants from being originals: %s and %s", (ORIGINALS_DIR, VARIANTS_DIR, isFine) => {
    const load = (): unknown => loadConfig({ ORIGINALS_DIR, VARIANTS_DIR });
    if (isFine) expect(load).not.toThrow();
    else expect(load).toThrow("VARIANTS_DIR must not be inside ORIGINALS_DIR");
  });

  it("reads what is set", () => {
    expect(
      loadConfig({
        PORT: "0",
        BASE_PATH: "/i",
        PUBLIC_URL: "https://cdn.example/media/",
        AUTO_FORMATS: "webp",
        FRESHNESS: "immutable",
        CACHE_NOT_FOUND_SECONDS: "0",
        POOL_SIZE: "0",
      }),
    ).toMatchObject({
      port: 0,
      basePath: "/i",
      publicUrl: "https://cdn.example/media",
      autoFormats: ["webp"],
      freshness: { mode: "immutable" },
      cache: { notFoundSeconds: 0 },
      pool: { size: 0 },
    });
  });

  it.each([
    ["PORT", "80a", "must be an integer from 0 to 65535"],
    ["PORT", "70000", "must be an integer from 0 to 65535"],
    ["PORT", "-1", "must be an integer from 0 to 65535"],
    ["POOL_SIZE", "1.5", "must be an integer from 0 to 256"],
    ["BASE_PATH", "i/", "must be a path like /i"],
    ["PUBLIC_URL", "cdn.example", "must be an http or https URL"],
    ["PUBLIC_URL", "ftp://cdn.example", "must be an http or https URL"],
    ["PUBLIC_URL", "https://cdn.example/?a=b", "must have no query"],
    ["DELIVERY", "proxy", "must be one of auto, redirect, presigned, stream"],
    ["AUTO_FORMATS", "avif,jxl", "must be a list of avif and webp"],
    ["ALLOW_UNSIGNED", "maybe", "must be true or false"],
    ["VARIANTS_ROOT", "w_3/", "must be a folder name"],
    ["VARIANTS_ROOT", "variants", "must be a folder name"],
    ["VARIANTS_EPOCH", "a/b", "must be 1 to 32 small letters"],
    ["ADMIN_TOKEN", "short", "must have at least 16 letters"],
    ["ORIGIN_SECRET", "short", "must have at least 16 characters"],
    ["ADMIN_TOKEN", "with a space in the middle", "must have at least 16 letters"],
    ["CACHE_VERSIONED", "a\nb", "must be the value of a header"],
    ["VARIANTS_ROOT", "s--aaaaaaaaaaaaaaaaaaaaaa--/", "must be a folder name"],
    ["LOG_LEVEL", "loud", "must be one of info, warn"],
  ])("refuses %s=%s", (name, value, problem) => {
    expect(() => loadConfig({ [name]: value })).toThrow(`${name} ${problem}`);
  });

  it("names every problem at once", () => {
    const bad = { PORT: "x", DELIVERY: "y", POOL_SIZE: "z" };
    expect(() => loadConfig(bad)).toThrow(/PORT .*\n.*DELIVERY .*\n.*POOL_SIZE |DELIVERY .*\n/s);
    try {
      loadConfig(bad);
    } catch (error) {
      expect(String(error).match(/PORT|DELIVERY|POOL_SIZE/g)).toHaveLength(3);
    }
  });

  it("does not print the value of a secret", () => {
    expect(() => loadConfig({ ADMIN_TOKEN: "hunter2" })).toThrow(/^((?!hunter2).)*$/s);
  });
});

describe("listDefaults", () => {
  it("knows every variable", () => {
    expect(listDefaults()).toMatchObject({ PORT: "3000", DELIVERY: "auto", PUBLIC_URL: "" });
    expect(Object.keys(listDefaults())).toContain("ALLOW_UNSIGNED");
  });
});
