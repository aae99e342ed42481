import { beforeAll, describe, expect, it } from "vitest";
import type { RequestRules } from "../../src/request/request.ts";
import { createSigner } from "../../src/sign.ts";
import { parsePresets } from "../../src/transform/presets.ts";
import type { AccessPolicy } from "../../src/transform/policy.ts";
import { createStoredCheck } from "../../src/transform/policy.ts";
import { createVerify } from "../../src/url/signature.ts";
import type { TestApp } from "../support/service/app.ts";
import { RECIPE } from "../../src/media/recipe.ts";
import { createFilledApp, putImage } from "../support/service/app.ts";
import { drawQuadrants } from "../support/images.ts";
import { RULES } from "../support/media/variants.ts";

const SECRET = "0123456789abcdef";
const sign = createSigner(SECRET);
const NOW = 1_800_000_000;
const CLOSED: AccessPolicy = { isOpen: false, hasPresets: false };

function rulesOf(policy: AccessPolicy, more: Partial<RequestRules> = {}): RequestRules {
  const presets = parsePresets({ thumb: "w_50,h_50" });
  return {
    ...RULES,
    policy,
    presets,
    mayMakeStored: createStoredCheck(policy, presets),
    verify: createVerify([SECRET]),
    now: () => NOW * 1000,
    ...more,
  };
}

function signed(text: string): string {
  return `/s--${sign(text)}--/${text}`;
}

async function statusOf(app: TestApp, target: string): Promise<number> {
  return (await app.request(target)).status;
}

describe("a signed service", () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await createFilledApp({ rules: rulesOf(CLOSED), publicUrl: "https://cdn.example" });
  });

  it("answers what is signed, by whoever encodes it how", async () => {
    expect(await statusOf(app, signed("w_90,h_40/photos/cat.jpg"))).toBe(200);
    const signature = sign("w_90,h_40/photos/cat.jpg");
    await app.drain();
    expect(await statusOf(app, `/s--${signature}--/w_90%2Ch_40/photos/c%61t.jpg`)).toBe(302);
    expect(await statusOf(app, `/s--${signature.slice(0, 22)}--/w_90,h_40/photos/cat.jpg`)).toBe(
      302,
    );
  });

  it.each([
    ["another key", `/s--${sign("w_90/photos/cat.jpg")}--/w_90/photos/dog.jpg`],
    ["another spec", `/s--${sign("w_90/photos/cat.jpg")}--/w_91/photos/cat.jpg`],
    ["another order", `/s--${sign("w_90,h_40/photos/cat.jpg")}--/h_40,w_90/photos/cat.jpg`],
    ["21 characters", `/s--${sign("w_90/photos/cat.jpg").slice(0, 21)}--/w_90/photos/cat.jpg`],
    ["padding", `/s--${sign("w_90/photos/cat.jpg")}=--/w_90/photos/cat.jpg`],
    ["a fence that was not signed", `/s--${sign("w_90/photos/cat.jpg")}--/w_90/_/photos/cat.jpg`],
    ["a wrong transform", `/s--${"A".repeat(43)}--/w_30O/photos/cat.jpg`],
    ["no signature", "/w_90/photos/cat.jpg"],
    ["no signature and a mistake", "/w_30O/photos/cat.jpg"],
    ["no signature, of an original", "/photos/cat.jpg"],
    ["an original, although it is signed", signed("photos/cat.jpg")],
    ["a preset", "/t_thumb/photos/cat.jpg"],
    ["a stored form that is not there", "/variants/1/photos/cat.jpg/w_91.jpg"],
  ])("answers 403 to %s, and asks no store for it", async (_, target) => {
    const before = app.calls.filter((call) => call !== "variants.head").length;
    const answer = await app.request(target);
    expect(answer.status).toBe(403);
    expect(await answer.text()).not.toContain("30O");
    expect(app.calls.filter((call) => call !== "variants.head")).toHaveLength(before);
  });

  it("gives a stored variant out without a signature, and makes it with one", async () => {
    const name = "variants/1/photos/cat.jpg/w_77.jpg";
    expect(await statusOf(app, `/${name}`)).toBe(403);
    expect(await statusOf(app, signed(name))).toBe(200);
    await app.drain();
    expect(await statusOf(app, `/${name}`)).toBe(200);
  });

  it("does not keep those who may have it made waiting for one who may not", async () => {
    const answers = await Promise.all([
      app.request("/variants/1/photos/cat.jpg/w_78.jpg"),
      app.request(signed("w_78/photos/cat.jpg")),
      app.request("/variants/1/photos/cat.jpg/w_78.jpg"),
    ]);
    expect(answers[1]?.status).toBe(200);
    expect([200, 403]).toContain(answers[0]?.status);
  });

  it("keeps stored variants to itself where nobody else can fetch them", async () => {
    const rules = rulesOf(CLOSED, { unsignedStored: "allowed" });
    const closed = await createFilledApp({ rules });
    expect(await statusOf(closed, signed("w_90/photos/cat.jpg"))).toBe(200);
    await closed.drain();
    expect(await statusOf(closed, "/variants/1/photos/cat.jpg/w_90.jpg")).toBe(403);
  });

  it("gives private variants out with a signature alone, and never names them", async () => {
    const name = "variants/1/photos/cat.jpg/w_90.jpg";
    for (const policy of [CLOSED, { isOpen: true, hasPresets: false }]) {
      const rules = rulesOf(policy, { unsignedStored: "none" });
      const closed = await createFilledApp({ rules });
      const url = signed(`w_90,exp_${NOW + 20}/photos/cat.jpg`);
      for (const _ of ["made", "stored", "remembered"]) {
        const answer = await closed.request(url);
        expect([answer.status, answer.headers.get("location")]).toEqual([200, null]);
        await closed.drain();
        const guessed = await closed.request(`/${name}`);
        expect([guessed.status, await guessed.json()]).toMatchObject([
          403,
          { code: "not_allowed" },
        ]);
      }
      expect(await statusOf(closed, signed(name))).toBe(200);
      expect(await statusOf(closed, `/s--${"A".repeat(43)}--/${name}`)).toBe(403);
    }
  });

  it("honours an expiry, and lets nobody keep the answer for longer", async () => {
    const url = signed(`w_60,exp_${NOW + 20}/photos/cat.jpg`);
    const made = await app.request(url);
    expect(made.status).toBe(200);
    expect(made.headers.get("cache-control")).toBe("public, max-age=20");
    await app.drain();
    expect((await app.request(url)).headers.get("cache-control")).toBe("public, max-age=20");
    const streamed = await app.request(url, { headers: { via: "1.1 cdn" } });
    expect([streamed.status, streamed.headers.get("cache-control")]).toEqual([
      200,
      "public, max-age=20",
    ]);
    const missing = await app.request(signed(`w_60,exp_${NOW + 3}/photos/dog.jpg`));
    expect([missing.status, missing.headers.get("cache-control")]).toEqual([
      404,
      "public, max-age=3",
    ]);
    const expired = await app.request(signed(`w_60,exp_${NOW}/photos/cat.jpg`));
    expect([expired.status, await expired.json()]).toEqual([
      410,
      { code: "expired", message: "the URL has expired" },
    ]);
  });

  it("answers 403 to any signature where no secret is known", async () => {
    const open = await createFilledApp();
    expect(await statusOf(open, signed("w_90/photos/cat.jpg"))).toBe(403);
  });
});

describe("a service with presets", () => {
  it("makes presets for anybody, and other transforms for those who sign", async () => {
    const app = await createFilledApp({ rules: rulesOf({ isOpen: false, hasPresets: true }) });
    expect(await statusOf(app, "/t_thumb/photos/cat.jpg")).toBe(200);
    expect(await statusOf(app, "/variants/1/photos/cat.jpg/w_100,h_100.webp")).toBe(200);
    expect(await statusOf(app, "/w_90/photos/cat.jpg")).toBe(403);
    expect(await statusOf(app, signed("w_90/photos/cat.jpg"))).toBe(200);
    const refused = await app.request("/w_90,exp_1900000000/photos/cat.jpg");
    expect([refused.status, await refused.json()]).toEqual([
      400,
      { code: "invalid_transform", message: 'option "exp" must be signed' },
    ]);
  });
});

function allowing(prefix = ""): RequestRules {
  return rulesOf(
    { isOpen: true, hasPresets: false },
    { originals: { passthrough: "allow", prefix } },
  );
}

describe("originals", () => {
  it("are given out as they are, by their bytes, when that is allowed", async () => {
    const app = await createFilledApp({ rules: allowing() });
    const answer = await app.request("/photos/cat.jpg");
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("image/png"); // its name lies
    expect(answer.headers.get("content-security-policy")).toBe(
      "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    );
    const etag = answer.headers.get("etag") ?? "";
    for (const known of [etag, `"other", ${etag}`, `W/${etag}`, "*"]) {
      const headers = { "if-none-match": known };
      const again = await app.request("/_/photos/cat.jpg", { headers });
      expect([again.status, again.headers.get("etag")]).toEqual([304, etag]);
    }
    const head = await app.request("/photos/cat.jpg", { method: "HEAD" });
    expect(head.headers.get("content-length")).toBe(
      String((await answer.arrayBuffer()).byteLength),
    );
  });

  it.each([
    ["page.html", "<!doctype html><script>alert(1)</script>"],
    ["x.svg", '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'],
    ["x.jpg", "<?xml version='1.0'?><svg/>"],
    ["x.pdf", "%PDF-1.7"],
  ])("are not given out when they are no images: %s", async (key, text) => {
    const app = await createFilledApp({ rules: allowing() });
    await putImage(app, key, new TextEncoder().encode(text));
    expect(await statusOf(app, `/${key}`)).toBe(415);
  });

  it("are missing with a remark where the key looks like options", async () => {
    const app = await createFilledApp({ rules: allowing() });
    const answer = await app.request("/c_thumb/photos/cat.jpg");
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain("use c_fill,g_auto");
  });

  it("are confined to a prefix, with and without a transform", async () => {
    const app = await createFilledApp({ rules: allowing("public/") });
    await putImage(app, "public/a.png", await drawQuadrants(8, 8).png().toBuffer());
    expect(await statusOf(app, "/public/a.png")).toBe(200);
    expect(await statusOf(app, "/w_4/public/a.png")).toBe(200);
    expect(await statusOf(app, "/photos/cat.jpg")).toBe(403);
    expect(await statusOf(app, "/w_4/photos/cat.jpg")).toBe(403);
    expect(await statusOf(app, "/variants/1/photos/cat.jpg/w_4.jpg")).toBe(403);
  });

  it("are redirected to where they are public", async () => {
    const rules = { ...allowing(), originals: { passthrough: "redirect", prefix: "" } as const };
    const app = await createFilledApp({ rules, originalsUrl: "https://media.example" });
    const answer = await app.request("/photos/a%20b.jpg");
    expect(answer.status).toBe(302);
    expect(answer.headers.get("location")).toBe("https://media.example/photos/a%20b.jpg");
  });
});

describe("explain", () => {
  it("tells what a request comes to, and makes nothing", async () => {
    const app = await createFilledApp({ rules: rulesOf({ isOpen: true, hasPresets: false }) });
    const answer = await app.request("/h_20,w_30,f_auto/photos/cat.jpg?explain", {
      headers: { accept: "image/webp" },
    });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(await answer.json()).toEqual({
      form: "request",
      key: "photos/cat.jpg",
      isSigned: false,
      typed: "h_20,w_30,f_auto",
      canonical: "w_30,h_20,f_webp",
      asks: "width 30, height 20",
      format: "webp",
      isNegotiated: true,
      variantKey: "variants/1/photos/cat.jpg/w_30,h_20.webp",
      policy: "anything within the bounds is allowed",
      recipe: RECIPE,
    });
    expect(app.calls).toEqual(["variants.head"]);
    await app.request("/w_30,h_20/photos/cat.jpg");
    await app.drain();
    const again = await app.request("/w_30,h_20/photos/cat.jpg?explain");
    expect(await again.json()).toMatchObject({ recipe: RECIPE, storedRecipe: RECIPE });
  });

  it("is as silent as any other answer where it is not allowed", async () => {
    const app = await createFilledApp({ rules: rulesOf(CLOSED) });
    expect(await statusOf(app, "/w_30/photos/cat.jpg?explain")).toBe(403);
    expect(await statusOf(app, `${signed("w_30/photos/cat.jpg")}?explain`)).toBe(200);
  });
});
