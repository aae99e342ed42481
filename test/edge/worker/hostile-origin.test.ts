import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Edge } from "../../support/programs/edge.ts";
import { startEdge } from "../../support/programs/edge.ts";
import { sleep, until } from "../../support/service/server.ts";

const ORIGIN_SECRET = "what-only-the-edge-knows";
const TIMEOUT_MS = 1000;
const BYTES = Buffer.from("as good as any image, to the edge");

let server: Server;
let edge: Edge;
let answer: RequestListener = () => undefined;
let asked: IncomingMessage[] = [];
let width = 10;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  edge = await startEdge({
    POLICY: "open",
    ORIGINALS: "allow",
    ORIGIN_URL: `http://127.0.0.1:${port}`,
    ORIGIN_SECRET,
    ORIGIN_TIMEOUT_MS: String(TIMEOUT_MS),
  });
});

afterAll(async () => {
  await edge.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** `undefined` for a body that broke off. */
  readonly text: string | undefined;
}

async function tell(target: string, init: RequestInit = {}): Promise<Told> {
  const response = await fetch(edge.url + target, { redirect: "manual", ...init });
  const text = await response.text().catch(() => undefined);
  const headers = Object.fromEntries(response.headers);
  expect(JSON.stringify([headers, text])).not.toContain(ORIGIN_SECRET);
  return { status: response.status, headers, text };
}

/** One that nobody has asked for yet. */
function next(options = ""): string {
  width += 1;
  return `/w_${width}${options}/a.jpg`;
}

function give(headers: Readonly<Record<string, string>> = {}, status = 200): RequestListener {
  return (_, response) => {
    const length = { "content-length": String(BYTES.length) };
    const common = { "content-type": "image/jpeg", "cache-control": "public, max-age=60" };
    response.writeHead(status, { ...length, ...common, etag: '"e"', ...headers }).end(BYTES);
  };
}

function begin(response: ServerResponse, headers: Readonly<Record<string, string>> = {}): void {
  const common = { "content-type": "image/jpeg", "cache-control": "public, max-age=60" };
  response.writeHead(200, { ...common, "content-length": "1000", etag: '"e"', ...headers });
  response.write(BYTES);
}

async function waits(): Promise<number> {
  return asked.length;
}

describe("the Worker before a service that is ill", () => {
  it.each([
    [
      "breaks off in the middle",
      (response: ServerResponse) => sleep(50).then(() => response.destroy()),
    ],
    ["stops in the middle", async () => undefined],
  ])("says so when it %s of what is kept, and keeps nothing", async (_, stop) => {
    const target = next();
    answer = (__, response) => {
      begin(response);
      void stop(response);
    };
    const broken = await tell(target);
    expect([broken.status, JSON.parse(broken.text ?? "{}")]).toMatchObject([
      502,
      { code: "store_failed" },
    ]);
    answer = give();
    expect(await tell(target)).toMatchObject({ status: 200, text: BYTES.toString() });
  });

  it("passes on for longer than it waits for an answer what comes slowly", async () => {
    answer = (_, response) => {
      begin(response, { "content-length": String(3 * BYTES.length) });
      void (async () => {
        await sleep(TIMEOUT_MS * 0.8);
        response.write(BYTES);
        await sleep(TIMEOUT_MS * 0.8);
        response.end(BYTES);
      })();
    };
    expect(await tell("/slow.jpg")).toMatchObject({
      status: 200,
      text: BYTES.toString().repeat(3),
    });
  });

  it.each([
    ["a redirect", { location: "https://elsewhere.example/" }, 302],
    ["a failure", {}, 503],
    ["what is not to be kept", { "cache-control": "no-store" }, 200],
    ["another format", { "content-type": "text/html" }, 200],
    ["a part", { "content-range": "bytes 0-9/1000" }, 206],
  ])("does not keep %s", async (_, headers, status) => {
    const target = next();
    answer = give(headers, status);
    expect((await tell(target)).status).toBe(status);
    const before = await waits();
    await tell(target);
    expect(await waits()).toBe(before + 1);
  });

  it("stands in for it with what was there, and not with what has been taken down", async () => {
    const [kept, gone] = [next(), next()];
    answer = give({ "cache-control": "public, max-age=1" });
    for (const target of [kept, gone]) expect((await tell(target)).status).toBe(200);
    await until(async () => {
      answer = give({ "cache-control": "public, max-age=1" }, 404);
      return (await tell(gone)).status === 404;
    });
    await sleep(1100);
    answer = give({}, 503);
    const told = await tell(kept);
    expect([told.status, told.text, told.headers["cache-control"]]).toEqual([
      200,
      BYTES.toString(),
      "no-store",
    ]);
    expect((await tell(gone)).status).toBe(503);
  });

  it("hands on neither cookies nor what lets their code run", async () => {
    answer = give({ "set-cookie": "a=b", "content-security-policy": "script-src *", server: "x" });
    for (const target of [next(), "/original.jpg"]) {
      const { headers } = await tell(target);
      expect(headers).toMatchObject({
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
      });
      for (const name of ["set-cookie", "server"]) expect(headers[name]).toBeUndefined();
    }
  });
});

describe("the Worker before those who want something else", () => {
  it("tells the service of the client what it may know, and nothing else", async () => {
    answer = give();
    asked = [];
    const headers = {
      authorization: "Bearer mine",
      cookie: "a=b",
      "x-origin-secret": "guessed",
      "x-forwarded-for": "10.0.0.1",
      "x-forwarded-host": "elsewhere.example",
      "x-original-url": "/-/metrics",
      "x-http-method-override": "DELETE",
      "if-none-match": "*",
      range: "bytes=0-1",
    };
    await tell(next(), { headers });
    const sent = asked[0]?.headers ?? {};
    expect(sent["x-origin-secret"]).toBe(ORIGIN_SECRET);
    const others = Object.keys(headers).filter((name) => name !== "x-origin-secret");
    expect(others.filter((name) => name in sent)).toEqual([]);
  });

  it("keeps one key's answer from all others, however they are spelt", async () => {
    // each origin names the path that it was asked for
    answer = (request, response) => {
      const body = decodeURIComponent(request.url ?? "");
      response.writeHead(200, {
        "content-type": "image/jpeg",
        "content-length": String(Buffer.byteLength(body)),
        "cache-control": "public, max-age=60",
        etag: '"e"',
      });
      response.end(body);
    };
    const keys = [
      "k%3Fstale",
      "k",
      "k%23a",
      "k%2525",
      "k%25",
      "x%2F..%2Fk",
      "k%5C..%5Ck",
      "k%2B",
      "k+",
      "k%00",
    ];
    for (let round = 0; round < 2; round += 1) {
      for (const key of keys) {
        const target = `/w_9/dir/${key}.jpg`;
        const { status, text } = await tell(target);
        if (status === 400) continue;
        expect([key, text]).toEqual([key, decodeURIComponent(target)]);
      }
    }
  });

  it("does not let one client's Accept choose another one's format", async () => {
    answer = (request, response) => {
      const type = (request.headers.accept ?? "").includes("avif") ? "image/avif" : "image/webp";
      give({ "content-type": type, vary: "Accept" })(request, response);
    };
    const target = next(",f_auto");
    const typeFor = async (accept: string): Promise<string | undefined> =>
      (await tell(target, { headers: { accept } })).headers["content-type"];
    for (let round = 0; round < 2; round += 1) {
      expect(await typeFor("image/avif,image/webp")).toBe("image/avif");
      expect(await typeFor("image/webp")).toBe("image/webp");
    }
    // a service of another mind is not to be taken for the format that was asked for
    answer = give({ "content-type": "image/gif" });
    expect(await typeFor("image/avif,image/webp")).toBe("image/avif");
  });
});
