import { loadConfig } from "./config/config.ts";
import type { Lambda } from "./lambda/handlers.ts";
import { createLambda } from "./lambda/handlers.ts";
import { createUnbufferedLogger } from "./service/pino-logger.ts";

export type { LambdaEvent } from "./lambda/event.ts";
export type { LambdaContext, LambdaResult } from "./lambda/handlers.ts";

// one request at a time: an image process would only add its start
const config = loadConfig({ POOL_SIZE: "0", ...process.env });
const lambda: Lambda = await createLambda(config, createUnbufferedLogger(config.logLevel));

/** The service as a function that streams: for function URLs with `InvokeMode: RESPONSE_STREAM`. */
export const handler: Lambda["handler"] = lambda.handler;

/** The service as a function that answers at once: for `InvokeMode: BUFFERED`, and for HTTP APIs. */
export const bufferedHandler: Lambda["bufferedHandler"] = lambda.bufferedHandler;
