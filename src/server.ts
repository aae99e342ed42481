import type { Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import type { Config } from "./config/config.ts";
import type { Connections } from "./http/node/connections.ts";
import { trackConnections } from "./http/node/connections.ts";
import { MediaError } from "./errors.ts";
import { InFlightBytes } from "./http/node/in-flight-bytes.ts";
import type { FastPath } from "./http/node/fast-path.ts";
import { createFastPath } from "./http/node/fast-path.ts";
import { createApp } from "./http/app.ts";
import { answerError } from "./http/answer/problem.ts";
import { toResponse } from "./http/answer/response.ts";
import { AnswerCache } from "./http/media/answer-cache.ts";
import type { Logger } from "./logger.ts";
import { createService } from "./service/service.ts";
import type { ObjectStore } from "./store/store.ts";

/** A client that takes nothing of its answer for this long is disconnected. */
const CLIENT_IDLE_MS = 30_000;

/** A running service. */
export interface Running {
  /** The address for people on this machine. */
  readonly url: string;
  readonly originals: Pick<ObjectStore, "list">;
  /**
   * Answers that it is not ready, and serves on for a moment until load balancers have seen that. Then it accepts
   * nothing new, and resolves when all that was begun is done; with false when the time was not enough.
   */
  stop(): Promise<boolean>;
}

/**
 * Starts the service of a configuration.
 *
 * @throws MediaError when a store cannot be reached, Error when the address cannot be listened on.
 */
export async function startServer(config: Config, logger: Logger): Promise<Running> {
  let state: "starting" | "ready" | "stopping" = "starting";
  const service = await createService(config, logger);
  const answerCache = new AnswerCache(service.app);
  const inFlightBytes = new InFlightBytes(config.limits.answersInFlight);
  const app = createApp({
    ...service.app,
    inFlightBytes,
    answerCache,
    adminToken: config.adminToken,
    isReady: () => state === "ready",
    isStopping: () => state === "stopping",
  });
  const answerHit = createFastPath({ answerCache, inFlightBytes, log: service.app.logRequest });
  const server = createHttpServer(app.fetch, config, (request, response) =>
    state === "ready" ? answerHit(request, response) : false,
  );
  const connections = trackConnections(server, CLIENT_IDLE_MS);
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (!connections.isAnswering(socket)) refuseClient(error, socket);
    // inside an answer the client would read a refusal as a part of it
    else if (error.code !== "ERR_HTTP_REQUEST_TIMEOUT") socket.destroy();
    // a client that is answered while it sends has unlimited time for the rest
  });
  try {
    await service.start();
    await listen(server, config);
  } catch (error) {
    service.stop();
    throw error;
  }
  state = "ready";
  return {
    url: `http://${isLoopback(config.host) ? "localhost" : config.host}:${getPort(server)}${config.basePath}`,
    originals: service.originalsStore,
    stop: async () => {
      state = "stopping";
      const deadline = sleep(config.timeouts.drainMs).then(() => false);
      const isDone = await Promise.race([drain(connections, service.drain, config), deadline]);
      server.closeAllConnections();
      service.stop();
      return isDone;
    },
  };
}

function createHttpServer(
  fetch: Parameters<typeof getRequestListener>[0],
  { cache }: Config,
  answerHit: FastPath,
): Server {
  const listener = getRequestListener(fetch, {
    hostname: "localhost", // for requests without a Host; its value has no effect
    errorHandler: () => {
      const problem = "the request must have a path as its target and a valid Host";
      const { headers, ...answer } = answerError(new MediaError("invalid_path", problem), cache);
      // the error depends on a header, so it must not be cached
      return toResponse({ ...answer, headers: { ...headers, "cache-control": "no-store" } });
    },
  });
  return createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 15_000,
      connectionsCheckingInterval: 2000,
      keepAliveTimeout: 65_000, // longer than that of load balancers
      maxHeaderSize: 8192,
    },
    (request, response) => {
      if (!answerHit(request, response)) void listener(request, response);
    },
  );
}

/** Answers bytes that are not an HTTP request, with the status that Node would choose. */
function refuseClient(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable) return;
  const status = CLIENT_ERRORS[error.code ?? ""] ?? "400 Bad Request";
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nCache-Control: no-store\r\n\r\n`);
}

const CLIENT_ERRORS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

function listen(server: Server, { host, port }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function drain(
  connections: Connections,
  drainBackground: () => Promise<void>,
  { timeouts }: Config,
): Promise<true> {
  await sleep(timeouts.stopDelayMs);
  await connections.close();
  await drainBackground();
  return true;
}

/** Does not keep the process alive. */
function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

function getPort(server: Server): number {
  const address = server.address() as AddressInfo; // it listens on a port, not on a pipe
  return address.port;
}
