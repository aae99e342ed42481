import { describe, expect, it } from "vitest";
import { createSigner } from "../../src/sign.ts";
import { runCli } from "../support/service/cli.ts";

const SECRET = "0123456789abcdef";
const SIGNED = { SIGNING_SECRETS: SECRET };

async function run(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): ReturnType<typeof runCli> {
  const { code, output, errors } = await runCli(args, { environment });
  return { code, output: output.trim(), errors: errors.trim() };
}

describe("shift-media url", () => {
  it.each([
    [
      ["photos/a b.jpg", "--width", "300", "--aspect-ratio", "3:2"],
      "/w_300,h_200/photos/a%20b.jpg",
    ],
    [["w_3/a.jpg"], "/_/w_3/a.jpg"],
    [
      ["a.jpg", "--blur", "200", "--grayscale", "--format", "auto"],
      "/e_blur:200,e_grayscale,f_auto/a.jpg",
    ],
    [["a.jpg", "--width", "3", "--version", "7f3a"], "/w_3,v_7f3a/a.jpg"],
    [["a.jpg", "--hue", "-90", "--keep-icc", "--animated"], "/e_hue:-90,fl_keep_icc/a.jpg"],
  ])("prints for %j a canonical URL", async (args, path) => {
    const { code, output } = await run(["url", ...args, "--base-url", "https://img.example/"]);
    expect([code, output]).toEqual([0, `https://img.example${path}`]);
  });

  it("takes presets and base path from the configuration", async () => {
    const environment = { PRESETS: "thumb=w_9", BASE_PATH: "/i" };
    const { output } = await run(["url", "a.jpg", "--presets", "thumb"], environment);
    expect(output).toBe("http://localhost:3000/i/t_thumb/a.jpg");
    const unknown = await run(["url", "a.jpg", "--presets", "hero"], environment);
    expect(unknown).toMatchObject({ code: 2, output: "" });
    expect(unknown.errors).toContain("some of thumb");
  });

  it("signs, for a time if asked to", async () => {
    const before = Math.floor(Date.now() / 1000);
    const { output } = await run(["url", "a.jpg", "--width", "3", "--expires-in", "60"], SIGNED);
    const after = Math.ceil(Date.now() / 1000);
    const [, signature = "", text = ""] = /\/s--(.*)--\/(.*)$/.exec(output) ?? [];
    expect(signature).toBe(createSigner(SECRET)(text));
    const expires = Number(/^w_3,exp_(\d+)\/a\.jpg$/.exec(text)?.[1]);
    expect(expires).toBeGreaterThanOrEqual(before + 60);
    expect(expires).toBeLessThanOrEqual(after + 60);
  });

  it("has an expiry expire where nothing else is asked for", async () => {
    const args = ["url", "a.jpg", "--expires-in", "60"];
    expect((await run(args, SIGNED)).output).toMatch(/\/f_jpg,exp_\d+\/a\.jpg$/);
  });

  it.each([
    [["a.jpg", "--width", "30O"], {}, 2, 'option "w" must be an integer from 1 to 8192, got "30O"'],
    [["a.jpg", "--width", "300,h_5"], {}, 2, '--width must be one value, got "300,h_5"'],
    [["a.jpg", "--sign"], {}, 2, "set SIGNING_SECRETS"],
    [["a.jpg", "--expires-in", "soon"], SIGNED, 2, 'a time such as 90s, 15m, 1h or 7d, got "soon"'],
    [["../a.jpg", "--width", "3"], {}, 2, '"." or ".."'],
    [["a.jpg"], { PRESETS: "a=w_0" }, 2, "PRESETS is wrong"],
    [["a.jpg", "--colour", "red"], {}, 2, "unknown option '--colour'"],
  ])("refuses %j", async (args, environment, code, problem) => {
    const result = await run(["url", ...args], environment);
    expect(result).toMatchObject({ code, output: "" });
    expect(result.errors).toContain(problem);
  });
});

describe("shift-media sign", () => {
  it("signs what is decoded, leaves it as it is written, and signs anew", async () => {
    const signature = createSigner(SECRET)("w_3,h_2/ü.jpg");
    const expected = `https://x.example/s--${signature}--/w_3%2Ch_2/%C3%BC.jpg?v=1`;
    const url = "https://x.example/w_3%2Ch_2/%C3%BC.jpg?v=1";
    expect((await run(["sign", url], SIGNED)).output).toBe(expected);
    expect((await run(["sign", expected], SIGNED)).output).toBe(expected);
    expect(await run(["sign", url])).toMatchObject({ code: 2, output: "" });
  });
});

describe("shift-media explain", () => {
  it("says in words what a URL asks for, and whether it is allowed", async () => {
    const target = "https://x.example/h_200,w_300/photos/cat.jpg";
    const { code, output } = await run(["explain", target]);
    expect(code).toBe(0);
    for (const line of [
      /^key +photos\/cat\.jpg$/m,
      /^typed +h_200,w_300$/m,
      /^canonical +w_300,h_200$/m,
      /^means +width 300, height 200$/m,
      /^stored as +variants\/1\/photos\/cat\.jpg\/w_300,h_200\.jpg$/m,
      /^policy +open: anybody/m,
      /^verdict +allowed/m,
    ]) {
      expect(output).toMatch(line);
    }
    const lists = { POLICY: "allowed", ALLOWED_WIDTHS: "320", ALLOWED_RATIOS: "3:2" };
    expect((await run(["explain", target], lists)).output).toMatch(/^canonical +w_320,h_213$/m);
    const refused = await run(["explain", target], SIGNED);
    expect(refused.code).toBe(1);
    expect(refused.output).toMatch(/^canonical +w_300,h_200$/m);
    expect(refused.output).toMatch(/^verdict +refused \(not_allowed\): a signature is needed$/m);
  });

  it("says what is wrong with a URL", async () => {
    const { code, errors } = await run(["explain", "/w_30O/a.jpg"]);
    expect(code).toBe(1);
    expect(errors).toContain('option "w" must be');
  });
});
