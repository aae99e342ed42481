import { EventEmitter, once } from "node:events";
import type { ServerResponse } from "node:http";
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { InFlightBytes } from "../../../src/http/node/in-flight-bytes.ts";

const LARGE = 100_000;

function toClient(): EventEmitter & { destroyed: boolean; destroy: () => void } {
  const client = Object.assign(new EventEmitter(), {
    destroyed: false,
    destroy: () => {
      client.destroyed = true;
      client.emit("close");
    },
  });
  return client;
}

/** A real answer whose client has gone before there was anything to answer. */
async function abandonedAnswer(): Promise<ServerResponse> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = get({ port, host: "127.0.0.1" });
  client.on("error", () => undefined);
  const [, response] = (await once(server, "request")) as [unknown, ServerResponse];
  const hasClosed = once(response, "close");
  client.destroy();
  await hasClosed;
  server.close();
  return response;
}

afterEach(() => {
  vi.useRealTimers();
});

describe("InFlightBytes", () => {
  it("cuts off who takes an answer too slowly, by its length, and nobody who has taken it", () => {
    vi.useFakeTimers();
    const limit = new InFlightBytes(3 * LARGE);
    const [slow, long, quick] = [toClient(), toClient(), toClient()];
    limit.reserve(LARGE, slow);
    limit.reserve(LARGE, long, 10 * LARGE);
    limit.reserve(LARGE, quick);
    quick.emit("close");
    vi.advanceTimersByTime(30_000 + LARGE / 16);
    expect([slow, long, quick].map(({ destroyed }) => destroyed)).toEqual([true, false, false]);
    expect(limit.reserve(LARGE, toClient())).toBe(true);
    vi.advanceTimersByTime((9 * LARGE) / 16);
    expect([slow, long, quick].map(({ destroyed }) => destroyed)).toEqual([true, true, false]);
  });

  it("counts large answers until they are sent", () => {
    const limit = new InFlightBytes(3 * LARGE);
    const connections = Array.from({ length: 4 }, () => toClient());
    expect(connections.map((connection) => limit.reserve(LARGE, connection))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(limit.reserve(1000, toClient())).toBe(true);
    connections[1]?.emit("close");
    expect(limit.reserve(LARGE, toClient())).toBe(true);
    expect(limit.reserve(LARGE, toClient())).toBe(false);
  });

  it("does not count what is answered to a client that has gone", async () => {
    const limit = new InFlightBytes(LARGE);
    limit.reserve(LARGE, await abandonedAnswer());
    expect(limit.reserve(LARGE, toClient())).toBe(true);
  });

  it("lets one answer pass that is larger than all", () => {
    const limit = new InFlightBytes(LARGE);
    expect(limit.reserve(9 * LARGE, toClient())).toBe(true);
    expect(limit.reserve(LARGE, toClient())).toBe(false);
  });
});
