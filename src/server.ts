import type { Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Config } from "./config.ts";
import { MediaError } from "./errors.ts";
import { createApp } from "./http/app.ts";
import { respondError } from "./http/errors.ts";
import type { Logger } from "./logger.ts";
import { createService } from "./service.ts";
import type { ObjectStore } from "./store/store.ts";

/** A running service. */
export interface Running {
  /** Where it listens, for people on this machine. */
  readonly url: string;
  readonly originals: Pick<ObjectStore, "list">;
  /**
   * Says that it is not ready, goes on for a moment for those who have not heard, takes nothing new,
   * and resolves when all that was begun is done. False when the time for that was not enough.
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
  const service = createService(config, logger);
  const app = createApp({
    ...service,
    rules: config,
    delivery: config.delivery,
    cache: config.cache,
    logger,
    admin: { token: config.adminToken, isLocal: isLoopback(config.host) },
    isReady: () => state === "ready",
    isStopping: () => state === "stopping",
  });
  const server = createHttpServer(app.fetch, config);
  try {
    await service.start();
    await listen(server, config);
  } catch (error) {
    service.stop();
    throw error;
  }
  state = "ready";
  return {
    url: `http://${isLoopback(config.host) ? "localhost" : config.host}:${portOf(server)}${config.basePath}`,
    originals: service.originals,
    stop: async () => {
      state = "stopping";
      const deadline = sleep(config.timeouts.drainMs).then(() => false);
      const isDone = await Promise.race([drain(server, service.drain, config), deadline]);
      server.closeAllConnections();
      service.stop();
      return isDone;
    },
  };
}

function createHttpServer(
  fetch: Parameters<typeof getRequestListener>[0],
  { cache }: Config,
): Server {
  const listener = getRequestListener(fetch, {
    overrideGlobalObjects: false,
    hostname: "localhost", // for requests without a Host: it is never used
    errorHandler: () =>
      respondError(new MediaError("invalid_path", "the request target must be a path"), cache),
  });
  return createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 15_000,
      connectionsCheckingInterval: 2000,
      keepAliveTimeout: 65_000, // longer than a load balancer keeps its own end
      maxHeaderSize: 8192,
    },
    (request, response) => void listener(request, response),
  );
}

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
  server: Server,
  drainBackground: () => Promise<void>,
  { timeouts }: Config,
): Promise<true> {
  await sleep(timeouts.stopDelayMs);
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeIdleConnections();
  });
  await drainBackground();
  return true;
}

/** Does not keep the process alive by itself. */
function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

function portOf(server: Server): number {
  const address = server.address() as AddressInfo; // it listens on a port, not on a pipe
  return address.port;
}
