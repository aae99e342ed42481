import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { createSigner } from "../../../src/sign.ts";
import { createVerify } from "../../../src/url/signature.ts";
import type { TestApp } from "../../support/service/app.ts";
import { createFilledApp, OPERATOR, putImage } from "../../support/service/app.ts";
import { RULES } from "../../support/media/variants.ts";

const SECRET = "a-secret-of-the-page-tests";
const CLOSED = {
  ...RULES,
  policy: { isOpen: false, hasPresets: false },
  verify: createVerify([SECRET]),
};

describe("the routes of the page", () => {
  it("answer nobody without the token", async () => {
    const app = await createFilledApp();
    for (const path of [
      "settings",
      "originals",
      "explain/w_3/a.jpg",
      "images/w_3/photos/cat.jpg",
    ]) {
      expect((await app.request(`/-/${path}`)).status, path).toBe(401);
    }
    expect((await app.request("/-/sign", { method: "POST", body: "{}" })).status).toBe(401);
  });

  it("give no page of another origin their answers", async () => {
    const app = await createFilledApp();
    const answer = await app.operate("/-/images/w_3/photos/cat.jpg");
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    expect(answer.headers.get("cache-control")).toBe("private, no-cache");
  });

  it("say what the page begins with", async () => {
    const app = await createFilledApp({}, { secrets: [SECRET] });
    expect(await (await app.operate("/-/settings")).json()).toMatchObject({
      basePath: "",
      variantsRoot: "variants/",
      presets: {},
      canSign: true,
    });
  });
});

describe("GET /-/originals", () => {
  it("lists a folder, and finds by a part of the key", async () => {
    const app = await createFilledApp();
    await putImage(app, "logo.png", new Uint8Array(3));
    const list = async (query: string) => (await app.operate(`/-/originals${query}`)).json();
    expect(await list("")).toEqual({ keys: ["logo.png"], folders: ["photos/"] });
    expect(await list("?prefix=photos/")).toEqual({ keys: ["photos/cat.jpg"], folders: [] });
    expect(await list("?search=CAT")).toEqual({ keys: ["photos/cat.jpg"], folders: [] });
  });

  it("refuses parameters that it does not know", async () => {
    const app = await createFilledApp();
    const answer = await app.operate("/-/originals?perfix=a");
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ message: expect.stringContaining('"perfix"') });
  });
});

async function sign(body: string, secrets: readonly string[] = [SECRET]): Promise<Response> {
  const app = await createFilledApp({}, { secrets });
  return app.operate("/-/sign", { method: "POST", body });
}

describe("POST /-/sign", () => {
  it("signs paths as createSigner does", async () => {
    const paths = ["w_300/photos/cat.jpg", "w_300/größe +.jpg"];
    const answer = await sign(JSON.stringify({ paths }));
    expect(await answer.json()).toEqual({ signatures: paths.map(createSigner(SECRET)) });
  });

  it.each([
    "",
    "[]",
    "null",
    '{"paths":"a"}',
    '{"paths":[1]}',
    `{"paths":${JSON.stringify(Array.from({ length: 201 }, () => "a"))}}`,
  ])("refuses %s", async (body) => {
    expect((await sign(body)).status).toBe(400);
  });

  it("says that there is no secret", async () => {
    const answer = await sign('{"paths":[]}', []);
    expect([answer.status, await answer.json()]).toMatchObject([
      404,
      { message: "set SIGNING_SECRETS to have URLs signed" },
    ]);
  });
});

describe("GET /-/explain", () => {
  it("says how a request is read, and whether it is stored", async () => {
    const app = await createFilledApp();
    const explain = async () =>
      (await app.operate("/-/explain/h_3,w_2/photos/cat.jpg")).json() as Promise<object>;
    expect(await explain()).toMatchObject({
      canonical: "w_2,h_3",
      variantKey: "variants/1/photos/cat.jpg/w_2,h_3.jpg",
      isAllowed: true,
    });
    expect(await explain()).not.toHaveProperty("storedBytes");
    const made = await (await app.request("/w_2,h_3/photos/cat.jpg")).arrayBuffer();
    await app.drain();
    expect(await explain()).toMatchObject({ storedBytes: made.byteLength });
  });

  it("explains a request that is refused, and says why it is", async () => {
    const app = await createFilledApp({ rules: CLOSED });
    expect(await (await app.operate("/-/explain/w_2/photos/cat.jpg")).json()).toMatchObject({
      canonical: "w_2",
      isAllowed: false,
      policy: "a signature is needed",
    });
  });

  it("answers a mistake as the service does", async () => {
    const app = await createFilledApp();
    expect((await app.operate("/-/explain/w_0/photos/cat.jpg")).status).toBe(400);
  });
});

/** The keys of all variants that are stored. */
async function listStored(app: TestApp): Promise<readonly string[]> {
  await app.drain();
  return (await app.store.list({ prefix: "" })).keys;
}

describe("GET /-/images", () => {
  it("gives the bytes of a variant that needs a signature, and stores it", async () => {
    const app = await createFilledApp({ rules: CLOSED });
    expect((await app.request("/w_2/photos/cat.jpg")).status).toBe(403);
    const answer = await app.operate("/-/images/w_2/photos/cat.jpg");
    expect(answer.status).toBe(200);
    const { width, format } = await sharp(await answer.arrayBuffer()).metadata();
    expect([width, format]).toEqual([2, "jpeg"]);
    expect(await listStored(app)).toEqual(["variants/1/photos/cat.jpg/w_2.jpg"]);
    // a stored one is not redirected to: the page has no access to the bucket
    expect((await app.operate("/-/images/w_2/photos/cat.jpg")).status).toBe(200);
  });

  it("makes the same bytes with keep=no, times them, and keeps nothing", async () => {
    const app = await createFilledApp();
    const probe = await app.operate("/-/images/w_5,f_webp/photos/cat.jpg?keep=no");
    expect(probe.headers.get("content-type")).toBe("image/webp");
    expect(probe.headers.get("server-timing")).toMatch(/decode-encode;dur=/);
    const bytes = await probe.arrayBuffer();
    expect(await listStored(app)).toEqual([]);
    expect(app.count("miss")).toBe(0);
    const usual = await app.request("/w_5,f_webp/photos/cat.jpg");
    expect(await usual.arrayBuffer()).toEqual(bytes);
    expect(app.count("miss")).toBe(1);
  });

  it("gives an original that the service refuses, as it is", async () => {
    const app = await createFilledApp();
    expect((await app.request("/photos/cat.jpg")).status).toBe(403);
    const answer = await app.operate("/-/images/photos/cat.jpg");
    expect((await sharp(await answer.arrayBuffer()).metadata()).width).toBe(400);
  });

  it.each([
    ["/-/images/w_5/nothing.jpg?keep=no", 404],
    ["/-/images/w_5/nothing.jpg", 404],
    ["/-/images/w_0/photos/cat.jpg?keep=no", 400],
    ["/-/images/w_5/photos/cat.jpg?keep=yes", 400],
  ])("answers %s with %i", async (path, status) => {
    const app = await createFilledApp();
    expect((await app.operate(path)).status).toBe(status);
  });

  it("needs the method GET", async () => {
    const app = await createFilledApp();
    const answer = await app.request("/-/images/w_5/photos/cat.jpg", {
      method: "POST",
      headers: OPERATOR,
    });
    expect(answer.status).toBe(405);
  });
});
