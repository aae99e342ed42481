import type { IncomingMessage, ServerResponse } from "node:http";
import { loadConfig } from "./config/config.ts";
import { readPageFiles } from "./http/node/page-files.ts";
import type { Logger } from "./logger.ts";
import { createService } from "./service/service.ts";
import { createServing } from "./service/serving.ts";

export { MediaError } from "./errors.ts";
export type { Logger } from "./logger.ts";

export interface MediaHandlerOptions {
  /**
   * Variables of the service, whose values go before those of `process.env`:
   * `{ ORIGINALS_DIR: "./pictures", VARIANTS_DIR: "./variants", BASE_PATH: "/media" }`. docs/configuration.md has them all.
   */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Learns of requests and failures. Default: nobody does. */
  readonly logger?: Logger;
}

/** The service inside of an application. */
export interface MediaHandler {
  /**
   * Answers a request whose path is under `BASE_PATH`; never rejects. For Hono, Next, Bun and all that speaks of
   * `Request` and `Response`.
   */
  readonly fetch: (request: Request) => Promise<Response>;
  /** Does the same as middleware for `node:http`, Express and Connect; paths that are not under `BASE_PATH` go on to `next`. */
  readonly middleware: (
    request: IncomingMessage,
    response: ServerResponse,
    next?: (error?: unknown) => void,
  ) => void;
  /** Finishes the work that was begun, and ends the image processes. */
  readonly close: () => Promise<void>;
}

const SILENT: Logger = { info: () => {}, warn: () => {}, error: () => {} };

/**
 * Starts the service inside of an application, with image processes of its own, and without a port.
 *
 * @example
 * const media = await createHandler({ environment: { S3_BUCKET: "photos", BASE_PATH: "/media" } });
 * app.all("/media/*", (c) => media.fetch(c.req.raw)); // Hono
 * app.use(media.middleware); // Express
 * @throws ConfigError naming each variable that is wrong; MediaError `store_failed` when a store cannot be reached
 */
export async function createHandler({
  environment = {},
  logger = SILENT,
}: MediaHandlerOptions = {}): Promise<MediaHandler> {
  const config = loadConfig({ ...process.env, ...environment });
  const service = await createService(config, logger);
  let isClosing = false;
  const { fetch, listener } = createServing(service, config, {
    pageFiles: config.page ? readPageFiles() : undefined,
    isReady: () => !isClosing,
    // the connections are the application's
    isStopping: () => false,
  });
  try {
    await service.start();
  } catch (error) {
    service.stop();
    throw error;
  }
  return {
    fetch: async (request) => fetch(request),
    middleware: (request, response, next) => {
      // Express cuts off the path at which it mounts
      const { originalUrl } = request as { readonly originalUrl?: string };
      const target = originalUrl ?? request.url ?? "";
      if (next && !target.startsWith(`${config.basePath}/`)) {
        next();
        return;
      }
      request.url = target;
      listener(request, response);
    },
    close: async () => {
      isClosing = true;
      await service.drain();
      service.stop();
    },
  };
}
