import type { Server } from "node:http";
import { createServer } from "node:http";
import type { Metrics } from "../metrics.ts";

/** A collector has one connection, and there are few collectors. */
const MAX_CONNECTIONS = 16;

/** A server of its own for metrics: who may read them is decided by the address that it listens on. */
export function createMetricsServer({
  print,
  contentType,
}: Pick<Metrics, "print" | "contentType">): Server {
  const server = createServer(
    { headersTimeout: 5000, requestTimeout: 5000 },
    (request, response) => {
      const { method, url } = request;
      if (url !== "/metrics" || (method !== "GET" && method !== "HEAD")) {
        response.writeHead(404, { "content-type": "text/plain" }).end("metrics are at /metrics\n");
        return;
      }
      print().then(
        (text) => response.writeHead(200, { "content-type": contentType }).end(text),
        () => response.destroy(),
      );
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}
