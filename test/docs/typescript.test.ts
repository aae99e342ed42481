import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/config.ts";
import type { ImgAttributes, Transform } from "../../src/index.ts";
import { buildSrcset, buildUrl, createUrls, MediaError } from "../../src/index.ts";
import type { RequestRules } from "../../src/request/request.ts";
import { readRequest } from "../../src/request/read.ts";
import { createRequestRules } from "../../src/config/request-rules.ts";
import { blockIn, codeIn, rowsOf } from "../support/pages/page.ts";

const PAGE = readFileSync(new URL("../../docs/typescript.md", import.meta.url), "utf8");
const BASE = "https://img.example.com";
const urls = createUrls({ baseUrl: BASE, presets: { thumb: "w_150,h_150,c_fill" } });
const signed = createUrls({ baseUrl: BASE, sign: () => "x" });

function under(heading: string): string {
  return PAGE.split(/\n#+ /).find((section) => section.startsWith(`${heading}\n`)) ?? "";
}

/** Evaluates an expression of the page in the scope of its examples. */
function evaluate(expression: string): unknown {
  const scope = { urls, baseUrl: BASE, buildUrl, buildSrcset, card: CARD };
  // oxlint-disable-next-line typescript/no-implied-eval -- the page is ours
  const run = new Function(...Object.keys(scope), `return (${expression});`) as (
    ...values: readonly unknown[]
  ) => unknown;
  return run(...Object.values(scope));
}

const CARD: unknown = JSON.parse(
  (/const card = (\{.*\}) satisfies/.exec(PAGE)?.[1] ?? "").replaceAll(/(\w+):(?= )/g, '"$1":'),
);

/** The result that the comment after a call names. */
function expectedOf(comment: string): unknown {
  const text = comment.replaceAll("…", BASE);
  return text.startsWith(BASE) ? text : evaluate(text);
}

function outcomeOf(expression: string): unknown {
  try {
    return evaluate(expression);
  } catch (error) {
    if (error instanceof MediaError) return `throws ${error.code}: ${error.message}`;
    throw error;
  }
}

const EXAMPLES = [...PAGE.matchAll(/^((?:urls\.|build).*); \/\/ (.*)$/gm)].map(
  ([, call = "", comment = ""]) => [call, comment] as const,
);

describe("the examples of docs/typescript.md", () => {
  it("are found", () => {
    const lines = PAGE.split("\n").filter((line) => /^\S.*\/\/ /.test(line));
    expect(lines).toHaveLength(EXAMPLES.length);
    expect(EXAMPLES.length).toBeGreaterThan(30);
  });

  it.each(EXAMPLES)("give what they say: %s", (call, comment) => {
    const isError = comment.startsWith("throws ");
    expect(outcomeOf(call)).toEqual(isError ? comment : expectedOf(comment));
  });
});

describe("the fields of docs/typescript.md", () => {
  const rows = rowsOf(under("Transform"));

  it.each(rows)("stand in the URL of their example: %s", (...row) => {
    const [field, , option, example, text = ""] = row.map((cell) => codeIn(cell)[0] ?? "");
    const transform = evaluate(example ?? "") as Transform;
    expect(Object.keys(transform)).toContain(field);
    expect(signed.url("cat.jpg", transform)).toBe(`${BASE}/s--x--/${text}/cat.jpg`);
    expect(text.split(",").some((piece) => piece.split(":")[0]?.startsWith(option ?? "?"))).toBe(
      true,
    );
  });
});

/** Combinations that the page says are none: the compiler finds each of them. */
export const REFUSED: readonly (() => unknown)[] = [
  // @ts-expect-error a name is misspelt
  () => urls.url("a.jpg", { heigth: 300 }),
  // @ts-expect-error the pixel ratios are those of the candidates
  () => urls.img("a.jpg", { width: 300, dpr: 2 }),
  // @ts-expect-error the prefix is for URLs
  () => urls.url("a.jpg", { quality: "auto:eco" }),
  // @ts-expect-error it is an array
  () => urls.url("a.jpg", { presets: "thumb" }),
  // @ts-expect-error it has names
  () => urls.url("a.jpg", { gravity: [0.3, 0.7] }),
  // @ts-expect-error it is no image
  () => urls.img("a.jpg", { format: "json" }),
];

describe("what does not type-check in docs/typescript.md", () => {
  it("is all that the compiler is asked about", () => {
    expect(rowsOf(under("What does not type-check"))).toHaveLength(REFUSED.length);
  });
});

function urlsIn({ src, srcset }: Pick<ImgAttributes, "srcset"> & { src?: string }): string[] {
  const candidates = srcset.split(", ").map((candidate) => candidate.split(" ")[0] ?? "");
  return [...(src ? [src] : []), ...candidates];
}

function widthsIn(srcset: string): readonly number[] {
  return [...srcset.matchAll(/ (\d+)w/g)].map(([, width]) => Number(width));
}

function variablesIn(block: string): Record<string, string> {
  return Object.fromEntries(
    block.split("\n").map((line) => line.split("=") as [string, string]), // one of each to a line
  );
}

describe("the widths of docs/typescript.md", () => {
  const listed = /default widths are ([\d, and]+)/.exec(PAGE)?.[1]?.match(/\d+/g)?.map(Number);
  const variables = variablesIn(blockIn(under("Together with POLICY=allowed"), "sh"));
  const rules: RequestRules = createRequestRules(
    loadConfig({ S3_BUCKET: "media", ...variables }),
    false,
  );
  const ask = (url: string): Promise<unknown> =>
    readRequest(url.slice(BASE.length), undefined, rules);

  it("are those that an image without a width has", () => {
    expect(listed).toEqual(widthsIn(urls.img("a.jpg", {}).srcset));
    expect(listed).toEqual(widthsIn(urls.img("a.jpg", { width: 50, layout: "full" }).srcset));
    const below = listed?.filter((width) => width < 1800) ?? [];
    expect(widthsIn(urls.img("a.jpg", { width: 900 }).srcset)).toEqual(
      [...below, 900, 1800].toSorted((a, b) => a - b),
    );
  });

  it("are allowed by the lists, with every listed ratio", async () => {
    const ratios = variables.ALLOWED_RATIOS?.split(",") ?? [];
    for (const aspectRatio of [undefined, ...ratios] as (`${number}:${number}` | undefined)[]) {
      const shape = aspectRatio ? { aspectRatio } : {};
      const { sources, img } = urls.picture("a.jpg", shape);
      const sized = urls.img("a.jpg", { width: 1920, format: "auto", ...shape });
      const asked = [...[...sources, img, sized].flatMap(urlsIn), urls.placeholder("a.jpg", shape)];
      for (const url of asked) await expect(ask(url), url).resolves.toBeDefined();
    }
  });

  it("are refused as the page says", async () => {
    await expect(ask(urls.url("a.jpg", { width: 3841 }))).rejects.toThrow("at most 3840");
    const code = { code: "not_allowed" };
    await expect(ask(urls.url("a.jpg", { width: 640, height: 639 }))).rejects.toMatchObject(code);
    await expect(ask(urls.url("a.jpg", { width: 640, sepia: 50 }))).rejects.toMatchObject(code);
  });
});
