import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AllowedLists, AccessPolicy } from "../../src/transform/policy.ts";
import { normalizeTransform } from "../../src/transform/normalize.ts";
import { parsePresets } from "../../src/transform/presets.ts";
import { parseTransform } from "../../src/transform/parse.ts";
import { permitTransform, createStoredCheck } from "../../src/transform/policy.ts";
import { printTransform } from "../../src/transform/options.ts";
import type { TransformSpec } from "../../src/transform/spec.ts";
import { parseVariantKey } from "../../src/url/variant-key.ts";
import { DEFAULT_PREFIX } from "../support/url/prefix.ts";
import { chooseRuns } from "../support/runs.ts";

const presets = parsePresets({
  thumb: "w_150,h_150,c_fill,g_auto",
  soft: "e_blur:50,q_40",
  wide: "w_1000,ar_2:1",
});

const lists: AllowedLists = {
  widths: [320, 640, 1280],
  heights: [200, 400],
  ratios: [
    { width: 1, height: 1 },
    { width: 16, height: 9 },
  ],
  qualities: [60, "low"],
  options: ["w", "h", "ar", "c", "g", "f", "dpr", "t"],
};

const OPEN: AccessPolicy = { isOpen: true, hasPresets: false };
const CLOSED: AccessPolicy = { isOpen: false, hasPresets: false };
const PRESETS: AccessPolicy = { isOpen: false, hasPresets: true };
const ALLOWED: AccessPolicy = { isOpen: false, hasPresets: false, allowed: lists };
const BOTH: AccessPolicy = { isOpen: false, hasPresets: true, allowed: lists };

/** The canonical text of an unsigned request, as a JPEG. */
function permit(policy: AccessPolicy, text: string): string {
  const spec = permitTransform(policy, parseTransform(text, presets), presets);
  return printTransform(normalizeTransform(spec, "jpg"));
}

describe("permitTransform", () => {
  it.each([
    ["t_thumb", "w_150,h_150,c_fill,g_auto"],
    ["t_thumb,f_webp,dpr_2", "w_300,h_300,c_fill,g_auto"],
    ["t_thumb.soft", "w_150,h_150,c_fill,g_auto,e_blur:50,q_40"],
    ["t_thumb.soft.wide", undefined],
    ["t_soft.wide", "w_1000,h_500,e_blur:50,q_40"],
    ["dpr_1.5,t_soft", "e_blur:50,q_40"],
  ])("lets %s through where presets are", (text, canonical) => {
    if (canonical) expect(permit(PRESETS, text)).toBe(canonical);
    // both sides and a ratio do not go together
    else expect(() => permit(PRESETS, text)).toThrow('option "ar"');
  });

  it.each(["w_300", "t_thumb,w_200", "t_thumb,q_50", "t_thumb,dpr_2.5", "f_webp", "t_soft,v_1"])(
    "refuses %s where only presets are",
    (text) => {
      expect(() => permit(PRESETS, text)).toThrow(
        expect.objectContaining({
          code: "not_allowed",
          message: expect.stringContaining("t_thumb"),
        }),
      );
    },
  );

  it("takes three presets, and not four", () => {
    expect(permit(PRESETS, "t_soft.thumb.soft")).toContain("e_blur:50");
    expect(() => permit(PRESETS, "t_soft.thumb.soft.thumb")).toThrow("up to 3");
  });

  it.each([
    ["w_320", "w_320"],
    ["w_321", "w_640"],
    ["w_1", "w_320"],
    ["h_150", "h_200"],
    ["w_160,dpr_2", "w_320"],
    ["w_300,dpr_2", "w_640"],
    ["w_600,h_600", "w_640,h_640"],
    ["w_600,ar_16:9", "w_640,h_360"],
    ["w_1600,ar_16:9,dpr_0.5", "w_1280,h_720"],
    ["w_640,h_200", "w_640,h_200"],
    ["w_320,h_100,dpr_2,c_pad", "w_640,h_200,c_pad"],
    ["ar_1:1,g_north", "ar_1:1,g_north"],
    ["f_webp", ""],
    ["w_320,q_60", "w_320,q_60"],
    ["w_320,q_auto:low", "w_320,q_auto:low"],
    ["w_320,q_auto", "w_320"],
    ["t_thumb", "w_150,h_150,c_fill,g_auto"],
    ["t_thumb,dpr_2", "w_300,h_300,c_fill,g_auto"],
    ["t_soft,w_300", "w_320,e_blur:50,q_40"],
    ["w_320,h_320,g_0.31x0.68", "w_320,h_320,g_0.3x0.7"],
    ["w_600,h_338", "w_640,h_360"],
    ["dpr_2", ""],
  ])("snaps %s to what is listed: %s", (text, canonical) => {
    expect(permit(ALLOWED, text)).toBe(canonical);
  });

  it.each([
    ["w_1281", "invalid_transform", "the width must be at most 1280 here, got 1281"],
    ["h_401", "invalid_transform", "the height must be at most 400 here"],
    [
      "w_640,h_201",
      "not_allowed",
      '"w_640,h_201" is not allowed here, only heights and ratios of 200, 400, 1:1, 16:9',
    ],
    ["w_600,h_200", "not_allowed", '"w_600,h_200", which comes to "w_640,h_213", is not allowed'],
    ["w_640,ar_2:1", "not_allowed", '"w_640,h_320" is not allowed'],
    ["ar_2:1", "not_allowed", '"ar_2:1" is not allowed here, only 1:1, 16:9'],
    ["w_320,q_61", "not_allowed", '"q_61" is not allowed here, only 60, auto:low'],
    ["w_320,e_blur", "not_allowed", 'option "e_blur" is not allowed here, only w, h, ar'],
    ["w_320,v_1", "not_allowed", 'option "v"'],
    ["w_320,fl_lossless", "not_allowed", 'option "fl_lossless"'],
    ["t_thumb,dpr_2.5", "not_allowed", '"dpr_2.5"'],
    ["t_soft.thumb.soft.thumb,w_320", "not_allowed", '"t_soft.thumb.soft.thumb"'],
    ["w_320,h_320,ar_16:9", "invalid_transform", 'option "ar" must not stand beside both'],
  ])("refuses %s, which is not listed, with %s", (text, code, message) => {
    expect(() => permit(ALLOWED, text)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  it("takes what either presets or lists allow, and anything where it is open", () => {
    expect(permit(BOTH, "t_soft,dpr_3")).toBe("e_blur:50,q_40");
    expect(permit(BOTH, "w_100")).toBe("w_320");
    expect(() => permit(BOTH, "e_blur,w_100")).toThrow('"e_blur"');
    expect(permit(OPEN, "w_123,e_blur,t_soft")).toBe("w_123,e_blur,q_40");
  });

  it("explains nothing where nothing is allowed", () => {
    expect(() => permit(CLOSED, "w_3")).toThrow(/^a signature is needed$/);
  });
});

describe("createStoredCheck", () => {
  const PERMITTED: readonly (readonly [string, AccessPolicy, string, boolean])[] = [
    ["open", OPEN, "w_123,e_blur.jpg", true],
    ["closed", CLOSED, "w_320.jpg", false],
    ["presets", PRESETS, "w_150,h_150,c_fill,g_auto.webp", true],
    ["presets", PRESETS, "w_300,h_300,c_fill,g_auto.webp", true],
    ["presets", PRESETS, "w_150,h_150,c_fill,g_auto,e_blur:50,q_40.webp", true],
    ["presets", PRESETS, "w_150,h_150,c_fill,g_auto,e_blur:50.png", true],
    ["presets", PRESETS, "w_1500,h_750.avif", true],
    ["presets", PRESETS, "w_151,h_150,c_fill,g_auto.webp", false],
    ["presets", PRESETS, "w_375,h_375,c_fill,g_auto.webp", false],
    ["presets", PRESETS, "w_320.jpg", false],
    ["lists", ALLOWED, "w_320.jpg", true],
    ["lists", ALLOWED, "w_320.avif", true],
    ["lists", ALLOWED, "_.webp", true],
    ["lists", ALLOWED, "w_640,h_360,c_pad.png", true],
    ["lists", ALLOWED, "w_640,h_200,g_0.3x0.7.png", true],
    ["lists", ALLOWED, "w_640,h_200,g_0.31x0.7.png", false],
    ["lists", ALLOWED, "w_321.jpg", false],
    ["lists", ALLOWED, "w_1281.jpg", false],
    ["lists", ALLOWED, "w_640,h_201.jpg", false],
    ["lists", ALLOWED, "w_640,e_blur.jpg", false],
  ];

  it.each(PERMITTED)("says under %s whether %o permits %s: %s", (_, policy, name, isPermitted) => {
    const stored = parseVariantKey(DEFAULT_PREFIX, `variants/1/k.jpg/${name}`);
    if (!stored) throw new Error(`${name} is no stored form`);
    expect(createStoredCheck(policy, presets)(stored)).toBe(isPermitted);
  });

  it("permits every stored form that an unsigned request leads to", () => {
    const size = fc.oneof(
      fc.integer({ min: 1, max: 1280 }).map((n) => `w_${n}`),
      fc.integer({ min: 1, max: 400 }).map((n) => `h_${n}`),
      fc
        .tuple(fc.integer({ min: 1, max: 640 }), fc.constantFrom("1:1", "16:9"))
        .map(([n, ratio]) => `w_${n},ar_${ratio}`),
    );
    const option = fc.constantFrom(
      "t_thumb",
      "t_soft.wide",
      "t_soft",
      "c_pad",
      "g_0.123x0.9",
      "f_png",
    );
    const dpr = fc.constantFrom("dpr_1.5", "dpr_2", "dpr_3");
    const texts = fc
      .tuple(fc.option(size), fc.option(option), fc.option(dpr))
      .map((parts) => parts.filter((part) => typeof part === "string").join(","))
      .filter((text) => text !== "");
    const permits = createStoredCheck(BOTH, presets);
    let count = 0;
    fc.assert(
      fc.property(texts, fc.constantFrom("webp", "jpg", "png" as const), (text, format) => {
        let spec: TransformSpec;
        try {
          const typed = parseTransform(text, presets);
          spec = normalizeTransform(permitTransform(BOTH, typed, presets), format);
        } catch {
          return; // it is not allowed, or contradicts itself
        }
        count += 1;
        const key = `k.${format}`;
        expect(`${text}: ${permits({ key, spec, format })}`).toBe(`${text}: true`);
      }),
      { numRuns: chooseRuns(200, 1000) },
    );
    expect(count).toBeGreaterThan(chooseRuns(50, 300));
  });

  it("knows presets alone when there are too many to combine", () => {
    const names = Array.from(
      { length: 40 },
      (_, index) => [`p${index}`, `w_${index + 1}`] as const,
    );
    const permits = createStoredCheck(PRESETS, parsePresets(Object.fromEntries(names)));
    expect(permits({ key: "k.jpg", spec: { width: 40 }, format: "jpg" })).toBe(true);
    expect(permits({ key: "k.jpg", spec: { width: 43 }, format: "jpg" })).toBe(false);
  });
});

describe("parsePresets", () => {
  it.each([
    [{ Big: "w_3" }, 'preset "Big" is wrong: its name must be like small-2'],
    [{ a: "w_0" }, 'preset "a" is wrong: option "w" must be'],
    [{ a: "t_b" }, 'preset "a" is wrong: option "t" must be a preset, and there are none'],
    [{ a: "exp_9" }, 'preset "a" is wrong: option "exp" must not stand in a preset'],
    [{ a: "w_3,h_3,ar_1:1" }, 'preset "a" is wrong: option "ar" must not stand beside'],
  ])("refuses %j", (texts, problem) => {
    expect(() => parsePresets(texts as Readonly<Record<string, string>>)).toThrow(problem);
  });
});
