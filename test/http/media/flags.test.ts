import { describe, expect, it } from "vitest";
import { createFilledApp } from "../../support/service/app.ts";

describe("flags and versions", () => {
  it("have answers saved, and kept for a year", async () => {
    const app = await createFilledApp();
    const answer = await app.request("/w_30,fl_attachment,v_2/photos/cat.jpg");
    expect(answer.headers.get("content-disposition")).toBe('attachment; filename="cat.jpg"');
    expect(answer.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  });

  it("are descriptions where they are asked for", async () => {
    const app = await createFilledApp();
    const answer = await app.request("/f_json/photos/cat.jpg");
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(await answer.json()).toMatchObject({ width: 400, height: 200, format: "png" });
    const hash = await app.request("/f_thumbhash/photos/cat.jpg");
    expect(hash.headers.get("content-type")).toMatch(/^text\/plain/);
    expect(await hash.text()).toMatch(/^[\w+/]{20,40}=*$/);
  });
});
