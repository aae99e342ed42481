import { describe, expect, it, vi } from "vitest";
import { createMemoryStore } from "../../../src/store/memory.ts";
import { drawQuadrants } from "../../support/images.ts";
import type { TestApp } from "../../support/service/app.ts";
import { createFilledApp, createTestApp, OPERATOR, putImage } from "../../support/service/app.ts";
import { createFolders, sleep, readMetric, startTestServer } from "../../support/service/server.ts";

const JSON_TYPE = { "content-type": "application/json" };
const LINES_TYPE = { "content-type": "application/x-ndjson" };

function post(app: TestApp, body: string, headers: Record<string, string>): Promise<Response> {
  return app.operate("/-/warm", { method: "POST", body, headers });
}

/** The lines of an answer, read. */
function parseLines(text: string): Record<string, unknown>[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function warm(app: TestApp, body: unknown): Promise<Record<string, unknown>[]> {
  return parseLines(await (await post(app, JSON.stringify(body), JSON_TYPE)).text());
}

describe("POST /-/warm", () => {
  it("makes what a document asks for, a line for each, and the sums in the end", async () => {
    const app = await createFilledApp();
    const body = {
      keys: ["photos/cat.jpg"],
      transforms: ["w_30", "h_20"],
      formats: ["webp", "png"],
    };
    const answer = await post(app, JSON.stringify(body), JSON_TYPE);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/x-ndjson");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const lines = parseLines(await answer.text());
    const results = lines.slice(0, -1);
    const bytes = results.reduce((sum, result) => sum + Number(result["bytes"]), 0);
    expect(lines.at(-1)).toMatchObject({ status: "done", made: 4, there: 0, failed: 0, bytes });
    for (const { status, variant, bytes: size } of results) {
      expect(status).toBe("made");
      expect((await app.store.head(String(variant)))?.size).toBe(size);
    }
    expect((await warm(app, body)).at(-1)).toMatchObject({ status: "done", there: 4, bytes: 0 });
    expect(app.count("fetch")).toBe(1);
  });

  it("reads lines as they come, and answers while they come", async () => {
    const app = await createFilledApp();
    const { readable: body, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const sender = writable.getWriter();
    const send = (text: string): Promise<void> => sender.write(new TextEncoder().encode(text));
    const init = { method: "POST", body, headers: LINES_TYPE, duplex: "half" as const };
    const answer = await app.operate("/-/warm", init);
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (const width of [10, 20, 30]) {
      await send(`{"key":"photos/cat.jpg","transforms":["w_${width}"]}\n`);
      const { value = "" } = (await reader?.read()) ?? {};
      expect(JSON.parse(value)).toMatchObject({ status: "made", transform: `w_${width}` });
    }
    await send("no json\n");
    const { value: wrong = "" } = (await reader?.read()) ?? {};
    expect(JSON.parse(wrong)).toMatchObject({ status: "failed", line: 4, code: "invalid_body" });
    await sender.close();
    const { value: sums = "" } = (await reader?.read()) ?? {};
    expect(JSON.parse(sums)).toMatchObject({ status: "done", made: 3, failed: 1 });
  });

  it("says of each line why it fails: no original, no image, no such preset", async () => {
    const app = await createFilledApp();
    await putImage(app, "text.jpg", new TextEncoder().encode("no image"));
    const png = await drawQuadrants(300, 200).png().toBuffer();
    await putImage(app, "cut.png", png.subarray(0, 60));
    const lines = await warm(app, {
      keys: ["gone.jpg", "text.jpg", "cut.png", "photos/cat.jpg"],
      transforms: ["w_30", "t_nope"],
    });
    const codes = lines.map(({ key, transform, code }) => [key, transform, code]);
    expect(codes).toContainEqual(["gone.jpg", "w_30", "original_not_found"]);
    expect(codes).toContainEqual(["text.jpg", "w_30", "unsupported_original"]);
    expect(codes).toContainEqual(["cut.png", "w_30", "unusable_original"]);
    expect(codes).toContainEqual(["photos/cat.jpg", "t_nope", "invalid_transform"]);
    expect(codes).toContainEqual(["photos/cat.jpg", "w_30", undefined]);
    expect(lines.at(-1)).toMatchObject({ status: "done", made: 1, failed: 7 });
  });

  it.each([
    [{}, "{}", 400, 'the content type must be application/json or application/x-ndjson, got "'],
    [{ "content-type": "text/plain" }, "{}", 400, 'got "text/plain"'],
    [JSON_TYPE, "{", 400, "the text must be JSON"],
    [JSON_TYPE, '{"keys":["a.jpg"]}', 400, '"transforms", "presets" or "formats" must be given'],
    [
      JSON_TYPE,
      `{"keys":["${"x".repeat(2 ** 20)}"]}`,
      413,
      "the body must have at most 1048576 bytes",
    ],
  ])("refuses %j with %.20s", async (headers: Record<string, string>, body, status, message) => {
    const app = await createFilledApp();
    const answer = await post(app, body, headers);
    expect(answer.status).toBe(status);
    expect(((await answer.json()) as { message: string }).message).toContain(message);
  });

  it("asks for the token, and lets no page of the web ask for it", async () => {
    const app = await createFilledApp();
    const body = JSON.stringify({ key: "photos/cat.jpg", transforms: ["w_30"] });
    const page = { ...JSON_TYPE, origin: "https://evil.example" };
    const answer = await app.request("/-/warm", { method: "POST", body, headers: page });
    expect(answer.status).toBe(401);
    const preflight = await app.request("/-/warm", {
      method: "OPTIONS",
      headers: { origin: page.origin, "access-control-request-method": "POST" },
    });
    expect(preflight.status).toBe(401);
    expect(preflight.headers.get("access-control-allow-headers")).toBeNull();
    const metrics = await app.operate("/-/metrics");
    expect(metrics.headers.get("access-control-allow-origin")).toBeNull();
    expect(app.count("transform")).toBe(0);
  });

  it("takes no other method", async () => {
    const app = await createFilledApp();
    for (const method of ["PUT", "DELETE"]) {
      expect((await app.operate("/-/warm", { method })).status).toBe(405);
    }
    expect((await app.operate("/-/warmer", { method: "POST" })).status).toBe(404);
  });

  it("ends what has not begun when whoever asks has gone", async () => {
    const originals = createMemoryStore();
    const png = await drawQuadrants(40, 20).png().toBuffer();
    const keys = Array.from({ length: 60 }, (_, n) => `${n}.png`);
    for (const key of keys) await originals.put(key, png, { contentType: "image/png" });
    const app = createTestApp({}, { originals, maxBytes: 1_000_000 });
    const body = JSON.stringify({ keys, transforms: ["w_3"] });
    const reader = (await post(app, body, JSON_TYPE)).body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await vi.waitFor(async () => {
      const begun = app.count("transform"); // which may end
      await sleep(50);
      expect(app.count("transform")).toBe(begun);
    }, 10_000);
    expect(app.count("transform")).toBeLessThan(20);
  });

  it("stops with what is at work when the service does, and says so", async () => {
    let isStopping = false;
    const app = await createFilledApp({ isStopping: () => isStopping });
    const keys = Array.from({ length: 50 }, (_, n) => `${n}.png`);
    const png = await drawQuadrants(40, 20).png().toBuffer();
    for (const key of keys) await putImage(app, key, png);
    const answer = await post(app, JSON.stringify({ keys, transforms: ["w_3"] }), JSON_TYPE);
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = (await reader?.read())?.value ?? "";
    isStopping = true;
    for (let next = await reader?.read(); !next?.done; next = await reader?.read())
      text += next?.value;
    const last = parseLines(text).at(-1);
    expect(last?.["status"]).toBe("stopped");
    expect(Number(last?.["made"])).toBeLessThan(20);
  });
});

describe("POST /-/warm of a listening service", () => {
  it("answers while a list is being sent", async () => {
    const folders = await createFolders({
      "a.png": await drawQuadrants(60, 40).png().toBuffer(),
    });
    const server = await startTestServer({
      ORIGINALS_DIR: folders.originals,
      VARIANTS_DIR: folders.variants,
    });
    try {
      const encoder = new TextEncoder();
      const lines = Array.from({ length: 400 }, (_, n) =>
        encoder.encode(`{"key":"a.png","transforms":["w_${(n % 40) + 1}"]}\n`),
      );
      const body = new ReadableStream<Uint8Array>({
        pull: async (stream) => {
          const line = lines.shift();
          if (line) stream.enqueue(line);
          else stream.close();
        },
      });
      const headers = { ...LINES_TYPE, ...OPERATOR };
      const init = { method: "POST", body, headers, duplex: "half" as const };
      const answer = await fetch(`${server.url}/-/warm`, init);
      const results = parseLines(await answer.text());
      expect(results.at(-1)).toMatchObject({ status: "done", failed: 0 });
      expect(new Set(results.slice(0, -1).map(({ variant }) => variant)).size).toBe(40);
      expect(await readMetric(server.url, "shift_media_misses_total")).toBe(40);
    } finally {
      await server.stop();
      await folders.remove();
    }
  });
});
