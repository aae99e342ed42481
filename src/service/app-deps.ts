import type { Config } from "../config/config.ts";
import { createRequestLog } from "../http/access-log.ts";
import type { AppDeps } from "../http/app.ts";
import type { Logger } from "../logger.ts";
import type { Service } from "./service.ts";
import { createBackgroundWarmer } from "./warming.ts";

/** What an application has to be given by whatever runs it. */
type Surroundings = "inFlightBytes" | "admin" | "isReady" | "isStopping";

/** What the applications of a service are made of, however requests come to them. */
export function createAppDeps(
  service: Service,
  config: Config,
  logger: Logger,
): Omit<AppDeps, Surroundings> {
  return {
    ...service,
    delivery: config.delivery,
    cache: config.cache,
    warm: createBackgroundWarmer(service, config),
    logger,
    logRequest: createRequestLog({ logger, count: service.metrics.countRequest }),
  };
}
