import { describe, expect, it } from "vitest";
import { createFilledApp } from "../support/service/app.ts";

const SECRET = "a-secret-of-the-cdn";
const PATH = "/w_3/photos/cat.jpg";

describe("ORIGIN_SECRET", () => {
  it("keeps images from whoever does not come through the CDN, remembered ones too", async () => {
    let remembered = 0;
    const known = { status: 200, headers: {}, body: new Uint8Array(1) };
    const answerCache = {
      add: () => undefined,
      answer: () => {
        remembered += 1;
        return known;
      },
    };
    const app = await createFilledApp({ originSecret: SECRET, answerCache });
    for (const given of [
      undefined,
      "",
      "x",
      SECRET.slice(1),
      `${SECRET}x`,
      `x${SECRET.slice(1)}`,
    ]) {
      const headers = { via: "1.1 cdn", ...(given !== undefined && { "x-origin-secret": given }) };
      const answer = await app.request(PATH, { headers });
      expect([given, answer.status, await answer.json()]).toMatchObject([
        given,
        401,
        { code: "unauthorized" },
      ]);
      expect(answer.headers.get("cache-control")).toBe("no-store");
    }
    expect([remembered, app.calls.length]).toEqual([0, 0]);
    const headers = { "x-origin-secret": SECRET };
    expect((await app.request(PATH, { headers })).status).toBe(200);
    expect(remembered).toBe(1);
  });

  it("is not asked of load balancers and operators", async () => {
    const app = await createFilledApp({ originSecret: SECRET });
    for (const path of ["/healthz", "/readyz"]) {
      expect((await app.request(path)).status).toBe(200);
    }
    expect((await app.operate("/-/metrics")).status).toBe(200);
    expect((await app.request("/photos/cat.jpg")).status).toBe(401);
    expect((await app.request(`${PATH}?explain`)).status).toBe(401);
  });
});
