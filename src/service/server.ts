import type { Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Config } from "../config/config.ts";
import { Connections } from "../http/node/connections.ts";
import { createMetricsServer } from "../http/node/metrics-server.ts";
import { readPageFiles } from "../http/node/page-files.ts";
import type { Logger } from "../logger.ts";
import { createService } from "./service.ts";
import { createServing } from "./serving.ts";
import type { ObjectStore } from "../store/store.ts";

/** A client that takes nothing of its answer for this long is disconnected. */
const CLIENT_IDLE_MS = 30_000;
/** Requests of a connection that are answered at the same time. Browsers and proxies send one after the other. */
const MAX_OPEN = 8;
/** Requests of all connections that have been read and wait behind those; 3 kB each. */
const MAX_WAITING = 10_000;

/** A running service. */
export interface Running {
  /** The address for people on this machine. */
  readonly url: string;
  /** The address of the metrics, if they have a listener of their own. */
  readonly metricsUrl: string | undefined;
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
  const serving = createServing(service, config, {
    pageFiles: hasPage(config) ? readPageFiles() : undefined,
    isReady: () => state === "ready",
    isStopping: () => state === "stopping",
  });
  const server = createHttpServer(config);
  const connections = new Connections(server, {
    onRequest: serving.listener,
    idleMs: CLIENT_IDLE_MS,
    maxOpen: MAX_OPEN,
    maxWaiting: MAX_WAITING,
  });
  const metricsServer = createMetricsServer(service.app.metrics);
  try {
    await service.start();
    await listen(server, config);
    if (config.metrics) await listen(metricsServer, config.metrics);
  } catch (error) {
    server.close();
    service.stop();
    throw error;
  }
  state = "ready";
  return {
    url: printUrl(server, config.host) + config.basePath,
    metricsUrl: config.metrics && `${printUrl(metricsServer, config.metrics.host)}/metrics`,
    originals: service.originalsStore,
    stop: async () => {
      state = "stopping";
      const deadline = sleep(config.timeouts.drainMs).then(() => false);
      const isDone = await Promise.race([drain(connections, service.drain, config), deadline]);
      server.closeAllConnections();
      metricsServer.close();
      metricsServer.closeAllConnections();
      service.stop();
      return isDone;
    },
  };
}

function createHttpServer({ limits, mediaToken }: Pick<Config, "limits" | "mediaToken">): Server {
  const server = createServer({
    headersTimeout: 10_000,
    // a file is sent by a program that has a token
    requestTimeout: mediaToken === undefined ? 15_000 : 300_000,
    connectionsCheckingInterval: 2000,
    keepAliveTimeout: 65_000, // longer than that of load balancers
    maxHeaderSize: 8192,
  });
  server.maxConnections = limits.connections;
  return server;
}

function listen(server: Server, { host, port }: Pick<Config, "host" | "port">): Promise<void> {
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

/** The page is for this machine alone, unless the configuration says otherwise. */
export function hasPage({ page, host }: Pick<Config, "page" | "host">): boolean {
  return page ?? isLoopback(host);
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

/** The address of a server for people on this machine. */
function printUrl(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo; // it listens on a port, not on a pipe
  return `http://${isLoopback(host) ? "localhost" : host}:${port}`;
}
