import { Readable } from "node:stream";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Config } from "../config/config.ts";
import { MediaError } from "../errors.ts";
import { InFlightBytes } from "../http/node/in-flight-bytes.ts";
import { toResponse } from "../http/answer/response.ts";
import { createApp } from "../http/app.ts";
import type { Delivery } from "../http/answer/delivery.ts";
import { answerError } from "../http/answer/problem.ts";
import type { LambdaEvent } from "./event.ts";
import { toRequest, readEventTarget } from "./event.ts";
import type { Logger } from "../logger.ts";
import type { MediaService } from "../service/service.ts";
import { createService } from "../service/service.ts";

/** Bytes of a buffered answer; Lambda takes 6 MB, in base64 and with headers. */
const MAX_BUFFERED_BYTES = 4_600_000;
/** Milliseconds before the time-out of the function at which it stops to wait for background work. */
const MARGIN_MS = 500;

/** The part of the invocation context that is used. */
export interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

/** A buffered answer. */
export interface LambdaResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  /** In base64. */
  readonly body: string;
  readonly isBase64Encoded: true;
}

type StreamingHandler = (
  event: LambdaEvent,
  output: Writable,
  context: LambdaContext,
) => Promise<void>;

/** The runtime's API for streaming handlers. Elsewhere the AWS SDK leaves an empty object in its place. */
interface LambdaRuntime {
  streamifyResponse?(handler: StreamingHandler): StreamingHandler;
  readonly HttpResponseStream?: {
    from(output: Writable, head: Pick<LambdaResult, "statusCode" | "headers">): Writable;
  };
}

/** The service as handlers, which are called once for each request. */
export interface Lambda {
  /** For function URLs with `InvokeMode: RESPONSE_STREAM`. */
  readonly handler: StreamingHandler;
  /** For function URLs with `InvokeMode: BUFFERED`, and for HTTP APIs. */
  readonly bufferedHandler: (event: LambdaEvent, context: LambdaContext) => Promise<LambdaResult>;
}

/**
 * Starts the service in a process that is frozen between requests: each invocation waits for the background
 * work of its answer.
 *
 * @throws MediaError when a store cannot be reached
 */
export async function createLambda(config: Config, logger: Logger): Promise<Lambda> {
  const service = await createService(config, logger);
  const apps = createApps(service, config);
  await service.start();
  const ask = (event: LambdaEvent, app: App): Promise<Response> => answer(event, app, config);
  const stream: StreamingHandler = async (event, output, context) => {
    try {
      await send(await ask(event, apps.usual), output);
    } finally {
      await finishBackground(service, context);
    }
  };
  return {
    handler: getRuntime()?.streamifyResponse?.(stream) ?? stream,
    bufferedHandler: async (event, context) => {
      const response = await ask(event, apps.usual);
      await finishBackground(service, context);
      if (!isTooLarge(response)) return toResult(response);
      await response.body?.cancel(); // it may still be on its way from the bucket
      return toResult(await answerRedirect(event, apps, config));
    },
  };
}

type App = ReturnType<typeof createApp>;

interface Apps {
  readonly usual: App;
  /** Redirects every client to the stored variant. */
  readonly redirecting: App;
}

function createApps(service: MediaService, config: Config): Apps {
  const withDelivery = (delivery: Delivery): App =>
    createApp({
      ...service.app,
      delivery,
      // one request at a time, and the runtime takes the answer at once
      inFlightBytes: new InFlightBytes(Infinity),
      adminToken: config.adminToken,
      isReady: () => true,
      isStopping: () => false,
    });
  const redirecting = withDelivery(config.publicUrl === undefined ? "presigned" : "redirect");
  return { usual: withDelivery(config.delivery), redirecting };
}

async function answer(event: LambdaEvent, app: App, { cache }: Config): Promise<Response> {
  try {
    const incoming = { url: readEventTarget(event) };
    return await app.fetch(toRequest(event), { incoming });
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof URIError)) throw error;
    return refuse("invalid_path", "the request must have a valid path, method and headers", cache);
  }
}

/** Redirects to an image that is too large for a buffered answer; by now it is stored. */
async function answerRedirect(
  event: LambdaEvent,
  { redirecting }: Apps,
  config: Config,
): Promise<Response> {
  const response = await answer(event, redirecting, config);
  if (!isTooLarge(response)) return response;
  await response.body?.cancel();
  const problem = `the image has more than ${MAX_BUFFERED_BYTES} bytes, which this function cannot answer`;
  return refuse("too_large", `${problem}: request a smaller one`, config.cache);
}

function isTooLarge({ body, headers }: Response): boolean {
  return body !== null && Number(headers.get("content-length")) > MAX_BUFFERED_BYTES;
}

function refuse(code: MediaError["code"], problem: string, cache: Config["cache"]): Response {
  return toResponse(answerError(new MediaError(code, problem), cache));
}

async function send(response: Response, output: Writable): Promise<void> {
  const head = { statusCode: response.status, headers: Object.fromEntries(response.headers) };
  const stream = getRuntime()?.HttpResponseStream?.from(output, head) ?? output;
  stream.write(""); // sends the head of an answer without a body
  await pipeline(Readable.from(response.body ?? []), stream);
}

async function toResult(response: Response): Promise<LambdaResult> {
  return {
    statusCode: response.status,
    headers: Object.fromEntries(response.headers),
    body: Buffer.from(await response.arrayBuffer()).toString("base64"),
    isBase64Encoded: true,
  };
}

/** Waits for background work, because a frozen process may never continue, but not until the function is killed. */
async function finishBackground(service: MediaService, context: LambdaContext): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, context.getRemainingTimeInMillis() - MARGIN_MS));
  });
  await Promise.race([service.finishBackground(), end]);
  clearTimeout(timer);
}

/** Undefined outside of Lambda. */
function getRuntime(): LambdaRuntime | undefined {
  return (globalThis as { readonly awslambda?: LambdaRuntime }).awslambda;
}
