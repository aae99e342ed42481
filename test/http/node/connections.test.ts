import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { Connections } from "../../../src/http/node/connections.ts";
import { until } from "../../support/service/server.ts";

const IDLE_MS = 200;
const MAX_OPEN = 3;
const MAX_WAITING = 3000;

let server: Server;
let connections: Connections;

afterEach(async () => {
  const closed = connections.close();
  server.closeAllConnections();
  await closed;
});

async function start(
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
  idleMs = 30_000,
): Promise<{ connectClient: () => Socket }> {
  server = createServer();
  const options = { idleMs, maxOpen: MAX_OPEN, maxWaiting: MAX_WAITING, onRequest };
  connections = new Connections(server, options);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // on TCP
  return {
    connectClient: () => {
      const client = connect(port, "127.0.0.1");
      client.on("error", () => undefined); // it may be reset
      return client;
    },
  };
}

/** All that is answered until the connection ends. */
async function readAll(client: Socket): Promise<string> {
  let text = "";
  client.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  await once(client, "close");
  return text;
}

function list(count: number, headers = ""): string {
  return Array.from(
    { length: count },
    (_, n) => `GET /${n} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`,
  ).join("");
}

/** Answers a request by its number. */
function answerNumber(response: ServerResponse): void {
  response.end(`${response.req.url}\n`);
}

describe("Connections", () => {
  it("lets those wait who are not answered yet, and ends those where nothing goes on", async () => {
    const { connectClient } = await start(({ url }, response) => {
      if (url === "/slow") setTimeout(() => response.end("done"), 3 * IDLE_MS);
      else response.write(Buffer.alloc(1024)); // and nothing more
    }, IDLE_MS);
    const ask = (path: string): Promise<string> => {
      const client = connectClient();
      if (path !== "") client.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      return readAll(client);
    };
    expect(await ask("/slow")).toMatch(/done/);
    // by itself Node would end the first after 60 s, and the second never
    expect(await ask("")).toBe("");
    expect(await ask("/stuck")).toMatch(/^HTTP\/1.1 200 OK/);
  });

  it("begins a few requests of a connection, and the others in their order as these end", async () => {
    const held: ServerResponse[] = [];
    let most = 0;
    let open = 0;
    const { connectClient } = await start((_, response) => {
      held.push(response);
      most = Math.max(most, ++open);
      response.prependListener("close", () => (open -= 1));
    });
    const client = connectClient();
    const answered = readAll(client);
    client.write(list(200) + "GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    await until(async () => held.length === MAX_OPEN);
    while (!client.closed) {
      for (const response of held.splice(0).toReversed()) answerNumber(response);
      await new Promise(setImmediate);
    }
    expect(most).toBe(MAX_OPEN);
    const numbers = (await answered).match(/^\/\w+$/gm);
    expect(numbers).toEqual([...Array.from({ length: 200 }, (_, n) => `/${n}`), "/last"]);
  });

  it("does not read a connection on which enough is open, and reads it again", async () => {
    const held: ServerResponse[] = [];
    const { connectClient } = await start((_, response) => void held.push(response));
    const client = connectClient();
    const many = list(20_000, `X-Padding: ${"x".repeat(2000)}\r\n`);
    client.write(many);
    await until(async () => held.length === MAX_OPEN);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const [socket] = held.map((response) => response.socket as Socket); // it is being answered
    expect(socket?.bytesRead).toBeLessThan(1_000_000);
    expect(client.writableLength).toBeGreaterThan(many.length / 2);
    let answered = 0;
    client.on(
      "data",
      (chunk: Buffer) => (answered += chunk.toString().split("HTTP/1.1").length - 1),
    );
    await until(async () => {
      for (const response of held.splice(0)) answerNumber(response);
      return answered > 100;
    });
  });

  it("ends a connection that would have more wait than all together may", async () => {
    const begun: ServerResponse[] = [];
    const { connectClient } = await start((_, response) => void begun.push(response));
    const quiet = connectClient();
    quiet.write(list(1));
    await until(async () => begun.length === 1);
    const floods = Array.from({ length: 4 }, () => connectClient());
    for (const flood of floods) flood.write(list(1500));
    await until(async () => floods.some(({ closed }) => closed));
    expect(quiet.closed).toBe(false);
    for (const flood of floods) flood.destroy();
    // a client that is not read is found to have gone when it is answered
    await until(async () => {
      for (const response of begun.splice(0)) answerNumber(response);
      return (await countConnections()) === 1;
    });
    // all that waited is forgotten
    const next = connectClient();
    next.write(list((2 * MAX_WAITING) / 3));
    await until(async () => begun.length === MAX_OPEN);
    expect(next.closed).toBe(false);
  });

  it("gives no second answer to a request that turns out to be wrong", async () => {
    const { connectClient } = await start((_, response) => setImmediate(answerNumber, response));
    const odd = "Transfer-Encoding: xchunked\r\n";
    for (const wrong of [list(1, odd), `${list(2)}\0 is no method\r\n\r\n`]) {
      const client = connectClient();
      client.write(wrong);
      const answers = await readAll(client);
      expect(answers).not.toContain("400");
      expect(answers.match(/HTTP\/1.1 200 OK/g)).toHaveLength(wrong.split("GET").length - 1);
    }
    const client = connectClient();
    client.write("\0 is no method\r\n\r\n");
    expect(await readAll(client)).toMatch(/^HTTP\/1.1 400 Bad Request\r\nConnection: close/);
  });
});

function countConnections(): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, number) => (error ? reject(error) : resolve(number)));
  });
}
