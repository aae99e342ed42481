import { describe, expect, it } from "vitest";
import type { Answer } from "../../support/s3/script.ts";
import { giveObject, refuse } from "../../support/s3/script.ts";
import { script } from "../../support/s3/scripted-store.ts";

describe("list", () => {
  it.each<[what: string, answer: Answer]>([
    ["a missing bucket", refuse(404, "NoSuchBucket")],
    ["a forbidden one", refuse(403, "AccessDenied")],
    ["something that is not XML", giveObject("{}")],
  ])("fails on %s", async (_, answer) => {
    const { store } = await script([answer]);
    await expect(store.list({ prefix: "" })).rejects.toMatchObject({ code: "store_failed" });
  });

  it("gives keys in entities as they are", async () => {
    const keys = ["a&amp;amp;b", "&lt;c&gt;", "it&#39;s &quot;d&quot;"];
    const contents = keys.map((key) => `<Contents><Key>${key}</Key></Contents>`).join("");
    const { store } = await script([
      giveObject(`<ListBucketResult>${contents}</ListBucketResult>`),
    ]);
    const page = await store.list({ prefix: "" });
    expect(page).toEqual({ keys: ["a&amp;b", "<c>", 'it\'s "d"'] });
  });
});
