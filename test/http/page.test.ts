import { describe, expect, it } from "vitest";
import { readPageFiles } from "../../src/http/node/page-files.ts";
import { createFilledApp } from "../support/service/app.ts";

const PAGE = { pageFiles: readPageFiles() };

describe("GET /", () => {
  it("is the page, which may load nothing of others and run nothing that stands in it", async () => {
    const app = await createFilledApp(PAGE);
    const answer = await app.request("/");
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    const policy = answer.headers.get("content-security-policy") ?? "";
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
    expect(policy).not.toContain("unsafe");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    const html = await answer.text();
    expect(html).not.toMatch(/<script(?![^>]* src=)|<style|style=|onload|onerror/i);
    for (const [, path = ""] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
      expect([path, (await app.request(path)).status]).toEqual([path, 200]);
    }
  });

  it("is not sent again to those who have it", async () => {
    const app = await createFilledApp(PAGE);
    const etag = (await app.request("/")).headers.get("etag") ?? "";
    const again = await app.request("/", { headers: { "if-none-match": etag } });
    expect([again.status, await again.text()]).toEqual([304, ""]);
  });

  it("has no other files", async () => {
    const app = await createFilledApp(PAGE);
    expect((await app.operate("/-/page/../settings")).status).toBe(404);
    expect((await app.request("/-/page/")).status).toBe(404);
    expect((await app.operate("/-/page/other.js")).status).toBe(404);
  });

  it("says in two lines what there is, where there is no page", async () => {
    const app = await createFilledApp();
    const answer = await app.request("/");
    expect(answer.status).toBe(200);
    const lines = (await answer.text()).trimEnd().split("\n");
    expect(lines).toHaveLength(2);
    expect(lines.join(" ")).toMatch(/\/w_300\/KEY.*PAGE=true/);
    expect((await app.request("/-/page/main.js")).status).toBe(404);
  });
});
