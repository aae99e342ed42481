import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FOLDER, makeImage } from "../../docs/make-images.ts";
import { loadConfig } from "../../src/config/config.ts";
import { MediaError, STATUS } from "../../src/errors.ts";
import { explainRequest } from "../../src/request/explain.ts";
import type { RequestRules } from "../../src/request/request.ts";
import { RECIPE } from "../../src/media/recipe.ts";
import { readRequest } from "../../src/request/read.ts";
import { createRequestRules } from "../../src/config/request-rules.ts";
import { hintForPiece } from "../../src/transform/names.ts";
import { recognizeTransform } from "../../src/transform/parse.ts";
import { expandPresets } from "../../src/transform/presets.ts";
import type { Transform } from "../../src/transform/transform.ts";
import { printRequest } from "../../src/url/build.ts";
import { createVerify } from "../../src/url/signature.ts";
import { blockIn, codeIn, rowsOf, under, PRESETS } from "../support/pages/page.ts";

/** The canonical text of a spelling for `cat.jpg`. */
function canonicalOf(spelling: string): string {
  const spec = recognizeTransform(decodeURIComponent(spelling), PRESETS);
  if (!spec) throw new Error(`${spelling} is a folder`);
  const expanded: unknown = expandPresets(spec, PRESETS);
  return printRequest("cat.jpg", expanded as Transform); // what has been parsed is one
}

function outcomeOf(segment: string): string {
  if (segment === "_") return "fence";
  try {
    return recognizeTransform(segment, PRESETS) ? "options" : "folder";
  } catch {
    return "mistake";
  }
}

describe("the spellings of docs/urls.md", () => {
  it.each(["Other spellings", "Canonical form"])("are equal as they say under %s", (heading) => {
    const rows = rowsOf(under(heading));
    expect(rows.length).toBeGreaterThan(20);
    for (const [spelling, canonical] of rows) {
      const [typed = ""] = codeIn(spelling);
      expect([typed, canonicalOf(typed)]).toEqual([typed, codeIn(canonical)[0]]);
    }
  });

  it("are options, folders or mistakes as they say", () => {
    const rows = rowsOf(under("Options or folder"));
    for (const [segment, outcome] of rows) {
      const [text = ""] = codeIn(segment);
      expect([text, outcomeOf(text)]).toEqual([text, outcome]);
    }
    expect(new Set(rows.map(([, outcome]) => outcome)).size).toBe(4);
  });

  it("have the advice that is given for what is kept back, and all of it", () => {
    const rows = rowsOf(under("Kept back"));
    const names = rows.map(([piece]) => codeIn(piece)[0] ?? "");
    for (const [index, name] of names.entries()) expect(hintForPiece(name)).toBe(rows[index]?.[1]);
    const letters = Array.from({ length: 26 }, (_, index) => String.fromCodePoint(97 + index));
    const short = [...letters, ...letters.flatMap((a) => letters.map((b) => a + b))];
    const kept = short.filter((name) => hintForPiece(`${name}_1`) !== undefined);
    expect(names.map((name) => name.split("_")[0])).toEqual(expect.arrayContaining(kept));
  });

  it("come to what presets say", () => {
    const rows = rowsOf(under("Presets"));
    expect(rows.length).toBeGreaterThan(4);
    for (const [typed, meant] of rows) {
      const [name = ""] = codeIn(typed);
      expect([name, canonicalOf(name)]).toEqual([name, codeIn(meant)[0]]);
    }
  });
});

const SECRET = "0123456789abcdef0123456789abcdef";

/** Of a service with a bucket whose variants are not public. */
function rulesOf(variables: string): RequestRules {
  const pairs = variables.split("\n").map((line) => {
    const [name = "", ...value] = line.split("=");
    return [name, value.join("=").replaceAll('"', "")];
  });
  return createRequestRules(
    loadConfig({ S3_BUCKET: "media", ...Object.fromEntries(pairs) }),
    false,
  );
}

/** The options that a path comes to, or its status. */
async function answerTo(path: string, rules: RequestRules): Promise<string> {
  try {
    const request = await readRequest(path, undefined, rules);
    if (request.form === "original") return "original";
    const name = request.variantKey.split("/").at(-1) ?? "";
    return `\`${name.replace(/\.\w+$/, "")}\``;
  } catch (error) {
    if (error instanceof MediaError) return String(STATUS[error.code]);
    throw error;
  }
}

describe("the rules of docs/urls.md", () => {
  it.each(["Signed", "Presets only", "Allowed", "Open", "Originals"])(
    "hold under %s",
    async (heading) => {
      const rules = rulesOf(blockIn(under(heading), "sh"));
      const rows = rowsOf(under(heading));
      expect(rows.length).toBeGreaterThan(1);
      for (const [path, answer] of rows) {
        const [target = ""] = codeIn(path);
        expect([target, await answerTo(target, rules)]).toEqual([target, answer]);
      }
    },
  );

  it("sign what the page says that they sign", async () => {
    const [, signature = "", text = ""] =
      /\n\/s--(.{43})--\/(.*)\n/.exec(under("Signatures")) ?? [];
    expect(signature).toBe(createHmac("sha256", SECRET).update(text).digest("base64url"));
    expect(await createVerify([SECRET])(signature, text)).toBe(true);
  });

  it("store under the names that the page says", async () => {
    const rules = rulesOf("POLICY=open");
    for (const [path, accept, stored] of rowsOf(under("Stored form"))) {
      const request = await readRequest(codeIn(path)[0] ?? "", codeIn(accept)[0], rules);
      expect(request).toMatchObject({ variantKey: codeIn(stored)[0] });
    }
  });

  it("are explained as the page says", async () => {
    const rules = rulesOf("POLICY=open");
    const [, target = ""] = /`(\S+\?explain)`:/.exec(under("Explaining a URL")) ?? [];
    const explanation = explainRequest(target, await readRequest(target, undefined, rules), rules);
    const shown: unknown = JSON.parse(blockIn(under("Explaining a URL"), "json"));
    expect(shown).toEqual({ ...explanation, recipe: RECIPE });
  });

  it("fail with the statuses that the page says", async () => {
    const { aborted: _, ...answered } = STATUS;
    const rows = rowsOf(under("Errors")).map(([code, status]) => [codeIn(code)[0], Number(status)]);
    expect(Object.fromEntries(rows)).toEqual(answered);
    const message = JSON.parse(blockIn(under("Errors"), "json")) as { readonly message: string };
    await expect(
      readRequest("/w_30O/cat.jpg", undefined, rulesOf("POLICY=open")),
    ).rejects.toMatchObject(message);
  });

  it("describe an original as the page says", async () => {
    const bytes = readFileSync(new URL("landscape-w_220.webp", FOLDER));
    const described = JSON.parse(Buffer.from(await makeImage(bytes, "f_json")).toString()) as {
      readonly lqip: string;
    };
    const printed = JSON.parse(blockIn(under("Descriptions"), "json")) as typeof described;
    // encoders make other bytes in other versions
    expect({ ...printed, lqip: "" }).toEqual({ ...described, lqip: "" });
    expect(Object.keys(printed)).toEqual(Object.keys(described));
  });
});
