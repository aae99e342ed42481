import { describe, expect, it } from "vitest";
import { MediaError } from "../../../src/errors.ts";
import { parseWarmRequests } from "../../../src/media/warm/request.ts";
import type { WarmDeps } from "../../../src/media/warm/warm.ts";
import { createMemoryStore } from "../../../src/store/memory.ts";
import { findText, madeOf, RULES } from "../../support/media/variants.ts";
import {
  collect,
  createWarmBench,
  each,
  namesOf,
  NEVER,
  warmAll,
} from "../../support/media/warm.ts";

describe("createWarm", () => {
  it("makes every transform and preset in every format, and passes over what is there", async () => {
    const bench = createWarmBench();
    for (const key of ["a.jpg", "b.png"]) await bench.putOriginal(key, "cat");
    const body = {
      keys: ["a.jpg", "b.png"],
      transforms: ["w_100"],
      presets: ["card"],
      formats: ["webp", "avif"],
    };
    const results = await warmAll(bench, body);
    const stored = (await bench.store.list({ prefix: "" })).keys;
    expect(namesOf(results)).toEqual(stored.map((key) => `made ${key}`).toSorted());
    expect(stored).toHaveLength(8);
    expect(stored).toContain("variants/1/a.jpg/w_300,h_200.avif");
    const expected = { key: "a.jpg", transform: "w_100", format: "avif", bytes: 6, ms: 0 };
    expect(results).toContainEqual(expect.objectContaining(expected));
    const again = await warmAll(bench, body);
    expect(namesOf(again)).toEqual(stored.map((key) => `there ${key}`).toSorted());
    expect(bench.count("transform")).toBe(8);
  });

  it("makes of f_auto what clients may be given, and once what is spelt twice", async () => {
    const bench = createWarmBench();
    for (const key of ["a.jpg", "b.webp"]) await bench.putOriginal(key, "cat");
    const results = await warmAll(bench, {
      keys: ["a.jpg", "b.webp", "a.jpg"],
      transforms: ["w_10", "width_10", "w_5,dpr_2", "w_10,fl_still"],
      formats: ["auto", "webp"],
    });
    expect(namesOf(results)).toEqual(
      [
        "a.jpg/w_10.avif",
        "a.jpg/w_10.jpg",
        "a.jpg/w_10.webp",
        "a.jpg/w_10,fl_still.webp",
        "b.webp/w_10.avif",
        "b.webp/w_10.jpg", // for clients that name no format
        "b.webp/w_10.webp",
        "b.webp/w_10,fl_still.webp",
      ]
        .map((name) => `made variants/1/${name}`)
        .toSorted(),
    );
  });

  it("keeps the format that a transform names, and lets formats win over those of presets", async () => {
    const bench = createWarmBench();
    await bench.putOriginal("a.jpg", "cat");
    const named = await warmAll(bench, {
      key: "a.jpg",
      transforms: ["w_10,f_png"],
      formats: ["gif"],
    });
    expect(namesOf(named)).toEqual(["made variants/1/a.jpg/w_10.png"]);
    const preset = await warmAll(bench, { key: "a.jpg", presets: ["half"], formats: ["gif"] });
    expect(namesOf(preset)).toEqual(["made variants/1/a.jpg/w_50.gif"]);
    const plain = await warmAll(bench, { key: "a.jpg", formats: ["webp", "thumbhash"] });
    expect(namesOf(plain)).toEqual([
      "made variants/1/a.jpg/_.thumbhash",
      "made variants/1/a.jpg/_.webp",
    ]);
  });

  it("says what is wrong with each, and goes on with the rest", async () => {
    const bench = createWarmBench({
      transform: async ({ bytes }) => {
        if (bytes.length > 3) throw new MediaError("unusable_original", "broken");
        return madeOf(bytes);
      },
    });
    await bench.putOriginal("a.jpg", "cat");
    await bench.putOriginal("broken.jpg", "not a cat");
    const results = await warmAll(bench, {
      keys: ["gone.jpg", "broken.jpg", "variants/1/a.jpg/w_1.jpg", "../a.jpg", "a.jpg"],
      transforms: ["w_100", "t_nope", "w_30O", "w_9,exp_1893456000", "w_8192,h_8192,c_fill"],
      formats: ["webp", "bmp", "webp,w_3"],
    });
    const messages = (key: string): (string | undefined)[] =>
      results
        .filter((result) => result.key === key)
        .map(({ status, message }) => message ?? status);
    expect(messages("variants/1/a.jpg/w_1.jpg")).toEqual(['the key must not be under "variants/"']);
    expect(messages("../a.jpg")).toHaveLength(1);
    expect(messages("gone.jpg")).toContain('there is no original "gone.jpg"');
    expect(messages("broken.jpg")).toContain("broken");
    const [made, ...failed] = results
      .filter(({ key }) => key === "a.jpg")
      .toSorted((a) => (a.status === "made" ? -1 : 1));
    expect(made).toMatchObject({ status: "made", variant: "variants/1/a.jpg/w_100.webp" });
    const about = failed.map(({ transform, format, message }) => [transform, format, message]);
    expect(about).toContainEqual(["t_nope", undefined, expect.stringContaining("nope")]);
    expect(about).toContainEqual(["w_30O", undefined, expect.stringContaining("1 to 8192")]);
    expect(about).toContainEqual(["w_100", "bmp", expect.stringContaining("jpg, png")]);
    expect(about).toContainEqual(["w_100", "webp,w_3", expect.stringContaining("one word")]);
    expect(about).toContainEqual(["w_9,exp_1893456000", undefined, expect.stringContaining("exp")]);
    expect(about).toContainEqual([
      "w_8192,h_8192,c_fill",
      "webp",
      expect.stringContaining("40000000 pixels"),
    ]);
  });

  it("fetches an original once, also when neighbouring lines ask for it", async () => {
    const bench = createWarmBench();
    for (const key of ["a.jpg", "b.jpg"]) await bench.putOriginal(key, "cat");
    const lines = [1, 2, 3, 4].flatMap((width) =>
      parseWarmRequests(`{"key":"a.jpg","transforms":["w_${width}"]}`),
    );
    const other = parseWarmRequests('{"key":"b.jpg","transforms":["w_1","w_2"]}');
    await collect(bench.warm(each([...lines, ...other]), NEVER));
    expect(bench.count("transform")).toBe(6);
    expect(bench.count("fetch")).toBe(2);
  });

  it("tries again what may be mended by that, and nothing else", async () => {
    const causes = ["overloaded", "store_failed", "overloaded"] as const;
    let runs = 0;
    const bench = createWarmBench({
      transform: async ({ bytes }) => {
        const cause = causes[runs];
        runs += 1;
        if (cause) throw new MediaError(cause, "not now");
        return madeOf(bytes);
      },
    });
    await bench.putOriginal("a.jpg", "cat");
    const [result] = await warmAll(bench, { key: "a.jpg", transforms: ["w_1"] });
    expect(result?.status).toBe("made");
    expect(runs).toBe(4);
  });

  it("gives up in the end, with the reason", async () => {
    const bench = createWarmBench({
      transform: async () => {
        throw new MediaError("overloaded", "not now");
      },
    });
    await bench.putOriginal("a.jpg", "cat");
    const [result] = await warmAll(bench, { key: "a.jpg", transforms: ["w_1"] });
    expect(result).toMatchObject({ status: "failed", code: "overloaded", message: "not now" });
    expect(result?.variant).toBe("variants/1/a.jpg/w_1.jpg");
  });

  it("calls failed what breaks inside, and loses nothing", async () => {
    const rules: WarmDeps["rules"] = {
      ...RULES,
      get autoFormats(): never {
        throw new TypeError("broken");
      },
    };
    const bench = createWarmBench({}, { rules });
    const results = await warmAll(bench, { keys: ["a.jpg", "b.jpg"], transforms: ["f_auto"] });
    expect(results).toMatchObject([
      { status: "failed", key: "a.jpg", code: "internal" },
      { status: "failed", key: "b.jpg", code: "internal" },
    ]);
  });

  it("calls failed what could not be stored", async () => {
    const store = {
      ...createMemoryStore(),
      put: async () => {
        throw new MediaError("store_failed", "read-only");
      },
    };
    const bench = createWarmBench({ store });
    await bench.putOriginal("a.jpg", "cat");
    const [result] = await warmAll(bench, { key: "a.jpg", transforms: ["w_1"] });
    expect(result).toMatchObject({ status: "failed", code: "store_failed" });
    expect(result?.message).toContain("could not be stored");
    expect(bench.count("transform")).toBe(1);
  });

  it("serves visitors with what it has made", async () => {
    const bench = createWarmBench();
    await bench.putOriginal("cat.jpg", "cat");
    await warmAll(bench, { key: "cat.jpg", transforms: ["w_300"] });
    expect(await findText(bench)).toBe("stored");
  });
});
