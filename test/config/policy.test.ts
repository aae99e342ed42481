import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/config/error.ts";
import { describePolicy, warnOfLocations } from "../../src/config/policy.ts";
import { loadConfig } from "../../src/config/config.ts";

const SECRETS = "0123456789abcdef, another-secret-of-20";
const S3 = { S3_BUCKET: "media" };

describe("loadConfig", () => {
  it.each([
    [{}, { isOpen: true, hasPresets: false }],
    [{ SIGNING_SECRETS: SECRETS }, { isOpen: false, hasPresets: false }],
    [
      { ...S3, SIGNING_SECRETS: SECRETS },
      { isOpen: false, hasPresets: false },
    ],
    [
      { ...S3, POLICY: "open" },
      { isOpen: true, hasPresets: false },
    ],
    [
      { POLICY: "open", SIGNING_SECRETS: SECRETS },
      { isOpen: true, hasPresets: false },
    ],
    [
      { POLICY: "presets", PRESETS: "a=w_3" },
      { isOpen: false, hasPresets: true },
    ],
    [
      { POLICY: "signed, presets", PRESETS: "a=w_3", SIGNING_SECRETS: SECRETS },
      { isOpen: false, hasPresets: true },
    ],
  ])("chooses under %j the policy %j", (environment, policy) => {
    expect(loadConfig(environment).access.policy).toEqual(policy);
  });

  it("reads secrets, presets and lists", () => {
    const { access } = loadConfig({
      POLICY: "allowed",
      SIGNING_SECRETS: SECRETS,
      PRESETS: "thumb=w_150,h_150,c_fill\n  hero=w_1600;soft=e_blur:50",
      ALLOWED_WIDTHS: "640, 320",
      ALLOWED_RATIOS: "16:9 1:1",
      ALLOWED_QUALITIES: "60,auto:low",
    });
    expect(access.secrets).toEqual(["0123456789abcdef", "another-secret-of-20"]);
    expect([...access.presets]).toEqual([
      ["thumb", { width: 150, height: 150, mode: "fill" }],
      ["hero", { width: 1600 }],
      ["soft", { blur: 50 }],
    ]);
    expect(access.policy.allowed).toEqual({
      widths: [320, 640],
      heights: [],
      ratios: [
        { width: 16, height: 9 },
        { width: 1, height: 1 },
      ],
      qualities: [60, "low"],
      options: ["w", "h", "ar", "c", "g", "f", "dpr", "t"],
    });
  });

  it.each([
    [{}, "allow"],
    [S3, "refuse"],
    [{ SIGNING_SECRETS: SECRETS }, "refuse"],
    [{ ...S3, ORIGINALS: "allow" }, "allow"],
    [{ ORIGINALS: "refuse" }, "refuse"],
  ])("decides under %j to %s originals", (environment, passthrough) => {
    const { access } = loadConfig({ POLICY: "open", ...environment });
    const { SIGNING_SECRETS } = environment as { SIGNING_SECRETS?: string };
    const config = SIGNING_SECRETS ? loadConfig({ SIGNING_SECRETS }).access : access;
    expect(config.originals.passthrough).toBe(passthrough);
  });

  it("warns of locations in originals where it does not see their bytes", () => {
    const redirect = {
      ...S3,
      POLICY: "open",
      ORIGINALS: "redirect",
      ORIGINALS_URL: "https://a.example",
    };
    expect(warnOfLocations(loadConfig(redirect).access.originals)).toMatch(
      /^ORIGINALS=redirect gives originals out with the locations .* ORIGINALS_METADATA=keep/,
    );
    const kept = loadConfig({ ...redirect, ORIGINALS_METADATA: "keep" }).access.originals;
    expect(warnOfLocations(kept)).toBeUndefined();
    const { originals } = loadConfig({ ...S3, POLICY: "open", ORIGINALS: "allow" }).access;
    expect(warnOfLocations(originals)).toBeUndefined();
    expect(originals.keepLocation).toBe(false);
  });

  it("redirects to originals only where it knows where they are", () => {
    const redirect = { ...S3, POLICY: "open", ORIGINALS: "redirect" };
    expect(() => loadConfig(redirect)).toThrow("ORIGINALS=redirect needs an ORIGINALS_URL");
    const inOne = loadConfig({ ...redirect, PUBLIC_URL: "https://a.example/" });
    expect(inOne.access.originals.url).toBe("https://a.example");
    expect(() =>
      loadConfig({ ...redirect, PUBLIC_URL: "https://a.example", S3_VARIANTS_BUCKET: "other" }),
    ).toThrow("ORIGINALS_URL");
  });

  it.each([
    [S3, "POLICY=open (or ALLOW_UNSIGNED=true)"],
    [{ SIGNING_SECRETS: "" }, "SIGNING_SECRETS is empty"],
    [{ SIGNING_SECRETS: "  " }, "SIGNING_SECRETS is empty"],
    [{ SIGNING_SECRETS: "," }, "SIGNING_SECRETS is empty"],
    [{ SIGNING_SECRETS: "0123456789abcdef,short" }, "at least 16 bytes"],
    [{ POLICY: "," }, "POLICY must be some of open, signed"],
    [{ POLICY: "allowed", ALLOWED_WIDTHS: "3&h_5" }, "ALLOWED_WIDTHS must have commas"],
    [{ BASE_PATH: "/a/../b" }, "BASE_PATH must be"],
    [{ POLICY: "signed" }, "POLICY=signed needs SIGNING_SECRETS"],
    [{ POLICY: "presets" }, "POLICY=presets needs PRESETS"],
    [{ POLICY: "allowed" }, "POLICY=allowed needs ALLOWED_WIDTHS"],
    [{ POLICY: "open,signed", SIGNING_SECRETS: SECRETS }, "POLICY=open allows everything"],
    [{ POLICY: "closed" }, "POLICY must be a list of open, signed, presets, allowed"],
    [
      { POLICY: "signed", SIGNING_SECRETS: SECRETS, ALLOW_UNSIGNED: "true" },
      "ALLOW_UNSIGNED=true contradicts POLICY=signed",
    ],
    [
      { PRESETS: "a" },
      'PRESETS must be a list of name=options, separated by blanks or semicolons, got "a"',
    ],
    [{ PRESETS: "a=w_0" }, 'PRESETS is wrong: preset "a" is wrong: option "w"'],
    [{ PRESETS: "a=w_1 a=w_2" }, 'PRESETS has "a" twice'],
    [{ POLICY: "allowed", ALLOWED_WIDTHS: "0" }, 'ALLOWED_WIDTHS is wrong: option "w"'],
    [{ POLICY: "allowed", ALLOWED_WIDTHS: "3,h_4" }, "ALLOWED_WIDTHS is wrong"],
    [
      { POLICY: "allowed", ALLOWED_WIDTHS: "3", ALLOWED_OPTIONS: "w,width" },
      'ALLOWED_OPTIONS must be some of w, h, ar, c, g, crop, trim, a, flip, b, r, e, f, q, fl, v, dpr, t, exp, got "width"',
    ],
    [
      { SIGNING_SECRET: SECRETS },
      "there is no variable SIGNING_SECRET, expected one of SIGNING_SECRETS",
    ],
    [{ ALLOWED_WIDTH: "3" }, "there is no variable ALLOWED_WIDTH"],
    [{ ORIGINALS: "maybe" }, "ORIGINALS must be one of refuse, allow, redirect"],
    [{ ORIGINALS_PREFIX: "/a" }, "ORIGINALS_PREFIX must be"],
    // keys of "public-secret/" begin with it, too
    [{ ORIGINALS_PREFIX: "public" }, "ORIGINALS_PREFIX must be a folder of keys like public/"],
    [{ VARIANTS: "hidden" }, "VARIANTS must be one of public, private"],
    [
      { VARIANTS: "private", PUBLIC_URL: "https://cdn.example" },
      "VARIANTS=private contradicts PUBLIC_URL",
    ],
    [
      { VARIANTS: "private", DELIVERY: "redirect" },
      "VARIANTS=private contradicts DELIVERY=redirect",
    ],
  ])("refuses %j", (environment, problem) => {
    expect(() => loadConfig(environment)).toThrow(ConfigError);
    expect(() => loadConfig(environment)).toThrow(problem);
  });

  it("never prints a secret", () => {
    for (const SIGNING_SECRETS of ["topsecret", "topsecret-topsecret,topsecret"]) {
      expect(() => loadConfig({ SIGNING_SECRETS })).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining("topsecret") }),
      );
    }
  });
});

describe("describePolicy", () => {
  it("says in words what is in force", () => {
    const { access } = loadConfig({
      POLICY: "signed,presets,allowed",
      SIGNING_SECRETS: SECRETS,
      PRESETS: "thumb=w_150",
      ALLOWED_WIDTHS: "320,640",
      ORIGINALS: "allow",
      ORIGINALS_PREFIX: "public/",
    });
    expect(describePolicy(access)).toEqual([
      "presets: anybody may ask for thumb",
      "allowed: anybody may ask for what is on the lists (widths 320, 640; options w, h, ar, c, g, f, dpr, t)",
      "signed: with a signature (2 secrets) anything may be asked for",
      "originals as they are under public/: given out without the locations in them, when they are images",
    ]);
    expect(describePolicy(loadConfig({}).access)).toEqual([
      "open: anybody may ask for any transform",
      "no secrets: no signature is accepted",
      "originals as they are: given out without the locations in them, when they are images",
    ]);
  });
});
