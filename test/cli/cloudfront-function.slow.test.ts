import { describe, expect, it } from "vitest";
import { MAX_FUNCTION_BYTES } from "../../src/edge/cloudfront/config.ts";
import { runCli } from "../support/service/cli.ts";
import { startFunction } from "../support/programs/cloudfront.ts";

const PRESETS = "thumb=w_150,h_150,c_fill";

describe("shift-media cloudfront-function", () => {
  it.each([
    [{ POLICY: "open" }, "/w_300/a.jpg", "/variants/1/a.jpg/w_300.jpg"],
    [{ POLICY: "presets", PRESETS }, "/t_thumb/a.jpg", "/variants/1/a.jpg/w_150,h_150,c_fill.jpg"],
    [{ POLICY: "allowed", ALLOWED_WIDTHS: "320" }, "/w_320/a.jpg", "/variants/1/a.jpg/w_320.jpg"],
    [{ SIGNING_SECRETS: "0123456789abcdef" }, "/w_3/a.jpg", "/w_3/a.jpg"],
  ])("prints what CloudFront runs for %o", async (environment, uri, rewritten) => {
    const { code, output } = await runCli(["cloudfront-function"], {
      environment: { S3_BUCKET: "photos", ...environment },
    });
    expect(code).toBe(0);
    expect(Buffer.byteLength(output)).toBeLessThanOrEqual(MAX_FUNCTION_BYTES);
    const runtime = await startFunction(output);
    expect(runtime.run({ uri }).uri).toBe(rewritten);
    runtime.dispose();
  });

  it("fails when presets do not fit, and says what to shorten", async () => {
    const presets = Array.from(
      { length: 60 },
      (_, index) => `preset-${index}=w_${index + 1},h_200`,
    );
    const { code, output, errors } = await runCli(["cloudfront-function"], {
      environment: { S3_BUCKET: "photos", POLICY: "presets", PRESETS: presets.join(" ") },
    });
    expect([code, output]).toEqual([1, ""]);
    expect(errors).toMatch(/has \d+ bytes, CloudFront takes 10240: shorten PRESETS/);
  });

  it("is refused for private variants: CloudFront would ask the bucket for anybody", async () => {
    const { code, output, errors } = await runCli(["cloudfront-function"], {
      environment: { S3_BUCKET: "media", POLICY: "open", VARIANTS: "private" },
    });
    expect([code, output]).toEqual([2, ""]);
    expect(errors).toContain("VARIANTS=private contradicts it");
  });
});
