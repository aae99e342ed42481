import { Readable } from "node:stream";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createAppDeps } from "../service/app-deps.ts";
import type { Config } from "../config/config.ts";
import { MediaError } from "../errors.ts";
import { InFlightBytes } from "../http/node/in-flight-bytes.ts";
import { toResponse } from "../http/answer/response.ts";
import { createApp } from "../http/app.ts";
import type { Delivery } from "../http/answer/delivery.ts";
import { answerError } from "../http/answer/problem.ts";
import type { LambdaEvent } from "./event.ts";
import { requestOfEvent, targetOfEvent } from "./event.ts";
import type { Logger } from "../logger.ts";
import type { Service } from "../service/service.ts";
import { createService } from "../service/service.ts";

/** Six megabytes are all that a buffered answer may have: in base64, and with its headers. */
const MAX_BUFFERED_BYTES = 4_600_000;
/** Work behind the answer is given up so long before the function would be ended in the middle of it. */
const MARGIN_MS = 500;

/** What the runtime tells of an invocation, as far as it matters here. */
export interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

/** An answer as a whole. */
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

/** What the runtime has for handlers that stream; elsewhere the SDK leaves an empty object in its place. */
interface Runtime {
  streamifyResponse?(handler: StreamingHandler): StreamingHandler;
  readonly HttpResponseStream?: {
    from(output: Writable, head: Pick<LambdaResult, "statusCode" | "headers">): Writable;
  };
}

/** The service as functions that are called once for each request. */
export interface Lambda {
  /** For function URLs with `InvokeMode: RESPONSE_STREAM`. */
  readonly handler: StreamingHandler;
  /** For those with `BUFFERED`, and for HTTP APIs. */
  readonly bufferedHandler: (event: LambdaEvent, context: LambdaContext) => Promise<LambdaResult>;
}

/**
 * Starts the service of a configuration where a process is frozen between requests: whatever goes on
 * behind an answer is waited for before the invocation ends.
 *
 * @throws MediaError when a store cannot be reached
 */
export async function createLambda(config: Config, logger: Logger): Promise<Lambda> {
  const service = await createService(config, logger);
  const apps = createApps(service, config, logger);
  await service.start();
  const ask = (event: LambdaEvent, app: App): Promise<Response> => answer(event, app, config);
  const stream: StreamingHandler = async (event, output, context) => {
    try {
      await send(await ask(event, apps.usual), output);
    } finally {
      await settle(service, context);
    }
  };
  return {
    handler: runtime()?.streamifyResponse?.(stream) ?? stream,
    bufferedHandler: async (event, context) => {
      const response = await ask(event, apps.usual);
      await settle(service, context);
      if (!isTooLarge(response)) return toResult(response);
      await response.body?.cancel(); // it may still be on its way from the bucket
      return toResult(await replace(event, apps, config));
    },
  };
}

type App = ReturnType<typeof createApp>;

interface Apps {
  readonly usual: App;
  /** Redirects to what is stored, whoever asks. */
  readonly redirecting: App;
}

function createApps(service: Service, config: Config, logger: Logger): Apps {
  const deps = createAppDeps(service, config, logger);
  const withDelivery = (delivery: Delivery): App =>
    createApp({
      ...deps,
      delivery,
      // one request at a time, and nobody to take it slowly
      inFlightBytes: new InFlightBytes(Infinity),
      // the address it is said to listen on means nothing here: anybody may call
      admin: { token: config.adminToken, isLocal: false },
      isReady: () => true,
      isStopping: () => false,
    });
  const redirecting = withDelivery(config.publicUrl === undefined ? "presigned" : "redirect");
  return { usual: withDelivery(config.delivery), redirecting };
}

async function answer(event: LambdaEvent, app: App, { cache }: Config): Promise<Response> {
  try {
    const incoming = { url: targetOfEvent(event) };
    return await app.fetch(requestOfEvent(event), { incoming });
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof URIError)) throw error;
    return refuse(
      "invalid_path",
      "the request must have a path, a method and headers of HTTP",
      cache,
    );
  }
}

/** What is larger than an answer can be is stored by now, and may be fetched from where it is public. */
async function replace(
  event: LambdaEvent,
  { redirecting }: Apps,
  config: Config,
): Promise<Response> {
  const response = await answer(event, redirecting, config);
  if (!isTooLarge(response)) return response;
  await response.body?.cancel();
  const problem = `the image has more than ${MAX_BUFFERED_BYTES} bytes, which this function cannot answer`;
  return refuse("too_large", `${problem}: ask for a smaller one`, config.cache);
}

function isTooLarge({ body, headers }: Response): boolean {
  return body !== null && Number(headers.get("content-length")) > MAX_BUFFERED_BYTES;
}

function refuse(code: MediaError["code"], problem: string, cache: Config["cache"]): Response {
  return toResponse(answerError(new MediaError(code, problem), cache));
}

async function send(response: Response, output: Writable): Promise<void> {
  const head = { statusCode: response.status, headers: Object.fromEntries(response.headers) };
  const stream = runtime()?.HttpResponseStream?.from(output, head) ?? output;
  stream.write(""); // what has no body has a head all the same
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

/** What is frozen may never go on; and whoever is ended in the middle has to start anew for the next. */
async function settle({ settle: settled }: Service, context: LambdaContext): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, context.getRemainingTimeInMillis() - MARGIN_MS));
  });
  await Promise.race([settled(), end]);
  clearTimeout(timer);
}

/** Only there where functions run. */
function runtime(): Runtime | undefined {
  return (globalThis as { readonly awslambda?: Runtime }).awslambda;
}
