import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { trackConnections } from "../../../src/http/node/connections.ts";

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

/** All that is answered until the connection ends. */
async function ask(path: string): Promise<string> {
  if (!server.listening) server.listen(0, "127.0.0.1");
  if (!server.address()) await once(server, "listening");
  const { port } = server.address() as AddressInfo; // on TCP
  const client = connect(port, "127.0.0.1");
  let text = "";
  client.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  if (path !== "") client.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  await once(client, "close");
  return text;
}

describe("trackConnections", () => {
  it("lets those wait who are not answered yet, and ends those where nothing goes on", async () => {
    expect(await ask("/slow")).toMatch(/done/);
    // by itself Node would end the first after 60 s, and the second never
    expect(await ask("")).toBe("");
    expect(await ask("/stuck")).toMatch(/^HTTP\/1.1 200 OK/);
  });
});
