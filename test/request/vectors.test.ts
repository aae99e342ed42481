import { describe, expect, it } from "vitest";
import { MediaError } from "../../src/errors.ts";
import { readRequest } from "../../src/request/read.ts";
import { parsePresets } from "../../src/transform/presets.ts";
import { RULES } from "../support/media/variants.ts";
import { ORIGINALS, REFUSED, STORED } from "../support/url/vectors.ts";

const rules = { ...RULES, presets: parsePresets({ thumb: "w_150,h_150,c_fill,g_auto" }) };

/** The name under which the variant is stored, or the code of the refusal. */
async function nameOf(target: string): Promise<string> {
  try {
    const request = await readRequest(target, "image/webp", rules);
    return request.form === "original" ? request.key : request.variantKey.slice(11);
  } catch (error) {
    if (error instanceof MediaError) return error.code;
    throw error;
  }
}

describe("paths as other tools write them", () => {
  it.each(STORED)("stores %s as %s", async (target, name) => {
    expect(await nameOf(target)).toBe(name);
  });

  it.each(REFUSED)("refuses %s with %s", async (target, code) => {
    expect(await nameOf(target)).toBe(code);
  });

  it.each(ORIGINALS)("takes %s for an original", async (target) => {
    const passing = { ...rules, originals: { passthrough: "allow", prefix: "" } as const };
    expect(await readRequest(target, undefined, passing)).toMatchObject({
      form: "original",
      key: target.slice(1),
    });
  });
});
