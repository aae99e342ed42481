import { describe, expect, it } from "vitest";
import type { MediaRequest } from "../../src/request/request.ts";
import { readRequest } from "../../src/request/read.ts";
import { RULES } from "../support/media/variants.ts";

const CHROME = "image/avif,image/webp,image/apng,*/*;q=0.8";

function read(target: string, accept?: string): Promise<MediaRequest> {
  return readRequest(target, accept, RULES);
}

async function keyOf(target: string, accept?: string): Promise<string | undefined> {
  const request = await read(target, accept);
  return request.form === "original" ? undefined : request.variantKey;
}

describe("readRequest", () => {
  it.each([
    "/h_200,w_300/k.jpg",
    "/s_300x200/k.jpg",
    "/w_150,h_100,dpr_2.0/k.jpg",
    "/w_300,ar_3:2/k.jpg",
    "/w_300%2Ch_200/k.jpg",
    "/w_300,h_200,c_lfill,g_center,q_auto/k.jpg",
    "/w_300,h_200,f_jpg/k.jpg",
    "/variants/1/k.jpg/w_300,h_200.jpg",
    "/variants/1/k.jpg/w_300%2Ch_200.jpg",
    "/w_300,h_200/_/k.jpg",
    "/w_300,h_200/k.jpg?utm_source=x",
  ])("reads %s as one and the same variant", async (target) => {
    expect(await keyOf(target)).toBe("variants/1/k.jpg/w_300,h_200.jpg");
  });

  it.each([
    ["/w_3/k.jpg", undefined, "w_3.jpg"],
    ["/w_3/k.JPEG", undefined, "w_3.jpg"],
    ["/w_3/k.png", CHROME, "w_3.png"],
    ["/w_3/k.txt", CHROME, "w_3.webp"],
    ["/w_3/k", CHROME, "w_3.webp"],
    ["/w_3,f_auto/k.jpg", CHROME, "w_3.avif"],
    ["/w_3,f_auto/k.jpg", "image/webp,*/*", "w_3.webp"],
    ["/w_3,f_auto/k.jpg", "image/avif;q=0, image/webp", "w_3.webp"],
    ["/w_3,f_auto/k.jpg", "IMAGE/AVIF ; q=0.1", "w_3.avif"],
    ["/w_3,f_auto/k.jpg", "*/*", "w_3.jpg"],
    ["/w_3,f_auto/k.jpg", "image/*", "w_3.jpg"],
    ["/w_3,f_auto/k.jpg", undefined, "w_3.jpg"],
    ["/w_3,f_auto/k.webp", "*/*", "w_3.jpg"],
    ["/w_3,f_auto/k.AVIF", "*/*", "w_3.jpg"],
    ["/w_3,f_auto/k.png", "*/*", "w_3.png"],
    ["/w_3,f_auto/k.gif", "*/*", "w_3.gif"],
    ["/w_3,f_auto/k", "*/*", "w_3.jpg"],
    ["/f_auto/k.png", "image/webp", "_.webp"],
    ["/w_4000,h_4000,c_fill,f_auto/k.jpg", CHROME, "w_4000,h_4000,c_fill.webp"],
    ["/w_3000,h_3000,c_fill,f_auto/k.jpg", CHROME, "w_3000,h_3000,c_fill.avif"],
  ])("settles on a format for %s and Accept: %s", async (target, accept, name) => {
    expect((await keyOf(target, accept))?.split("/").at(-1)).toBe(name);
    const isNegotiated = target.includes("f_auto");
    expect(await read(target, accept)).toMatchObject({ isNegotiated });
  });

  it("takes the version from the query of a stored form", async () => {
    const request = await read("/variants/1/k.jpg/w_3.jpg?v=abc");
    expect(request).toMatchObject({ form: "stored", key: "k.jpg", version: "abc" });
    const raw = await read("/variants/1/k.jpg/w_3.jpg?a&v=%61&v=b");
    expect(raw).toMatchObject({ version: "%61" });
  });

  it.each(["?%76=abc", "?V=abc", "?x=1;v=abc", "?vv=abc"])(
    "takes no version from %s: caches in front do not see one there",
    async (query) => {
      expect(await read(`/variants/1/k.jpg/w_3.jpg${query}`)).not.toHaveProperty("version");
    },
  );

  it("reads as much of an Accept header as browsers send", async () => {
    const near = `${"x/y,".repeat(20)}image/webp`;
    const far = `${"x/y,".repeat(2000)}image/webp`;
    expect(await read("/w_3,f_auto/k.jpg", near)).toMatchObject({ format: "webp" });
    expect(await read("/w_3,f_auto/k.jpg", far)).toMatchObject({ format: "jpg" });
  });

  it.each([
    ["/variants/1/k.jpg/w_0300.jpg", "not_found"],
    ["/variants/1/k.jpg/w_300.jpeg", "not_found"],
    ["/variants/2/k.jpg/w_300.jpg", "not_found"],
    ["/variants/k.jpg", "not_found"],
    ["/variants", "not_found"],
    ["/w_100/variants/1/k.jpg/w_300.jpg", "not_found"],
    ["/_/variants/1/k.jpg/w_300.jpg", "not_found"],
    ["/w_100/_/variants/x.jpg", "not_found"],
    ["/variants/1/variants/1/k.jpg/w_1.jpg/w_2.jpg", "not_found"],
    ["/k.jpg", "not_allowed"],
    ["/_/w_300/k.jpg", "not_allowed"],
    ["/trash/30/k.jpg", "not_allowed"],
    ["/w_300/trash/7/k.jpg", "not_allowed"],
    ["/w_300/_/trash%2F90%2Fk.jpg", "not_allowed"],
    ["/variants/1/trash/90/k.jpg/w_300.jpg", "not_allowed"],
    ["/t_shirts/k.jpg", "not_allowed"],
    [`/s--${"A".repeat(43)}--/w_3/k.jpg`, "invalid_signature"],
    ["/s--x--/k.jpg", "invalid_signature"],
    ["/s--x--/w_30O/k.jpg", "invalid_signature"],
    ["/w_300,zz_1/k.jpg", "invalid_transform"],
    ["/w_9000/k.jpg", "invalid_transform"],
    ["/w_300/../k.jpg", "invalid_path"],
    [`/w_300/${"k".repeat(1010)}`, "invalid_path"],
    [`/w_9/${"(".repeat(700)}.jpg`, "invalid_path"],
    [`/variants/1/${"k".repeat(1020)}/w_3.jpg`, "invalid_path"],
    ["http://host/w_3/k.jpg", "invalid_path"],
  ])("refuses %s with %s", async (target, code) => {
    await expect(read(target)).rejects.toMatchObject({ code });
  });

  it.each([
    ["/k.jpg?w=300", 'options stand before the key, did you mean "/w_300/k.jpg"?'],
    ["/w_300,h-200/k.jpg", 'did you mean "/w_300,h_200/k.jpg"?'],
  ])("refuses %s, and says what was meant", async (target, advice) => {
    await expect(read(target)).rejects.toThrow(advice);
  });

  it.each(["/w300/k.jpg", "/W_300/k.jpg", "/w=300/k.jpg"])(
    "reads %s as a key, and says what may have been meant",
    async (target) => {
      const advice = 'did you mean "/w_300/k.jpg"?';
      await expect(read(target)).rejects.toThrow(advice);
      const rules = { ...RULES, originals: { ...RULES.originals, passthrough: "allow" as const } };
      const request = await readRequest(target, undefined, rules);
      expect(request).toMatchObject({ form: "original", key: target.slice(1), hint: advice });
    },
  );
});
