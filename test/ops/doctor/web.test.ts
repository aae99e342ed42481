import type { RequestListener, Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { ask, followRedirects, printHops } from "../../../src/ops/doctor/web.ts";

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function listen(answer: RequestListener): Promise<string> {
  const started = createServer(answer);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  const { port } = started.address() as AddressInfo; // it listens on TCP
  return `http://127.0.0.1:${port}`;
}

describe("follow", () => {
  it.each([
    "data:image/png;base64,AAAA",
    "file:///etc/passwd",
    "blob:x",
    "javascript:1",
    "http://[",
  ])("goes no further than to %s", async (location) => {
    const url = await listen((_, response) => response.writeHead(302, { location }).end());
    const { hops, answer } = await followRedirects(url);
    expect([hops, answer?.status]).toEqual([[url], 302]);
  });

  it("ends where redirects do not", async () => {
    let count = 0;
    const url = await listen((_, response) => {
      count += 1;
      response.writeHead(302, { location: `/${count}` }).end();
    });
    expect((await followRedirects(url)).answer).toBeUndefined();
    expect(count).toBeLessThan(20);
  });
});

describe("ask", () => {
  it("takes no more of a body without an end than it needs", async () => {
    const chunk = Buffer.alloc(1024 * 1024);
    const url = await listen((_, response) => {
      const write = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on("drain", write);
      write();
    });
    const { bytes } = await ask(url);
    expect(bytes.length).toBeLessThanOrEqual(32 * chunk.length);
  });
});

describe("printWay", () => {
  it("shows neither signatures nor passwords nor queries", () => {
    const signature = "A".repeat(43);
    const hops = [
      `https://img.example/s--${signature}--/w_1/a.jpg`,
      "https://user:pass@b.example/a.jpg?X-Amz-Signature=sig#part",
      "https://c.example/a@b.jpg",
    ];
    expect(printHops(hops)).toBe(
      "https://img.example/s--…--/w_1/a.jpg -> https://…@b.example/a.jpg -> https://c.example/a@b.jpg",
    );
  });
});
