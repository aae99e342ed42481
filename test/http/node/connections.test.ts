import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { trackConnections } from "../../../src/http/node/connections.ts";
import { sleep } from "../../support/server.ts";

const IDLE_MS = 200;

const server = createServer((request, response) => {
  if (request.url === "/slow") setTimeout(() => response.end("done"), 3 * IDLE_MS);
  else response.write(Buffer.alloc(1024)); // and nothing more
});
trackConnections(server, IDLE_MS);

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function ask(path: string): Promise<{ readonly text: string; readonly ms: number }> {
  if (!server.listening) server.listen(0, "127.0.0.1");
  if (!server.address()) await once(server, "listening");
  const { port } = server.address() as AddressInfo; // on TCP
  const begin = performance.now();
  const client = connect(port, "127.0.0.1");
  let text = "";
  client.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  if (path !== "") client.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  await Promise.race([once(client, "close"), sleep(10_000)]);
  return { text, ms: performance.now() - begin };
}

describe("trackConnections", () => {
  it("lets those wait who are not answered yet, and ends those where nothing goes on", async () => {
    expect((await ask("/slow")).text).toMatch(/done/);
    for (const path of ["", "/stuck"]) {
      const { ms } = await ask(path);
      expect([path, ms < 5000]).toEqual([path, true]);
    }
  });
});
