import { request as httpRequest } from "node:http";
import { Writable } from "node:stream";
import type { Lambda, LambdaContext, LambdaResult } from "../../../src/lambda/handlers.ts";
import type { LambdaEvent } from "../../../src/lambda/event.ts";

const PRELUDE_END = Buffer.alloc(8);
const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");

/** An answer as the front of a function would send it on. */
export interface Invoked {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
  /** The bytes had all been handed over before the invocation ended. */
  readonly isAhead: boolean;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The event that a function URL makes of a request: the path as it came. */
export function functionUrlEvent(target: string, asked: Asked = {}): LambdaEvent {
  const [rawPath = "", ...query] = target.split("?");
  return {
    ...eventOf("abc123.lambda-url.eu-west-1.on.aws", asked),
    rawPath,
    rawQueryString: query.join("?"),
  };
}

/** The event of an HTTP API: the path decoded, and cut off at a question mark in it. */
export function httpApiEvent(target: string, asked: Asked = {}): LambdaEvent {
  const [path = "", ...query] = target.split("?");
  const [rawPath = ""] = decodeURIComponent(path).split("?");
  return {
    ...eventOf("abc123.execute-api.eu-west-1.amazonaws.com", asked),
    rawPath,
    rawQueryString: query.join("?"),
  };
}

function eventOf(
  domainName: string,
  { method = "GET", headers = {}, body }: Asked,
): Omit<LambdaEvent, "rawPath" | "rawQueryString"> {
  const context = { version: "2.0", routeKey: "$default" };
  return {
    ...context,
    headers: { host: domainName, "x-forwarded-proto": "https", ...headers },
    ...(body !== undefined && { body: Buffer.from(body).toString("base64") }),
    isBase64Encoded: body !== undefined,
    requestContext: { domainName, http: { method } },
  };
}

/** The globals of AWS's runtime for Node, with what its `HttpResponseStream` writes. */
export function createRuntime(): object {
  return {
    streamifyResponse: (handler: object) => Object.assign(handler, { [STREAMING]: "response" }),
    HttpResponseStream: {
      from: (output: Output, head: object) => {
        output.prelude = Buffer.concat([Buffer.from(JSON.stringify(head)), PRELUDE_END]);
        return output;
      },
    },
  };
}

/** Writes the head of an answer with the first bytes of its body, as the runtime does. */
class Output extends Writable {
  readonly chunks: Buffer[] = [];
  prelude: Buffer | undefined;

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.chunks.push(this.prelude ?? Buffer.alloc(0), chunk);
    this.prelude = undefined;
    done();
  }
}

/** Of an invocation with so much time left. */
export function contextOf(ms = 30_000): LambdaContext {
  const end = performance.now() + ms;
  return { getRemainingTimeInMillis: () => end - performance.now() };
}

export async function invoke(handler: Lambda["handler"], event: LambdaEvent): Promise<Invoked> {
  const output = new Output();
  const invocation = handler(event, output, contextOf());
  let isOver = false;
  let isAhead = false;
  output.on("finish", () => (isAhead = !isOver));
  await invocation;
  isOver = true;
  if (!isMarked(handler)) throw new Error("the handler is not marked as one that streams");
  const all = Buffer.concat(output.chunks);
  const end = all.indexOf(PRELUDE_END);
  const { statusCode, headers } = JSON.parse(all.subarray(0, end).toString()) as LambdaResult;
  return { status: statusCode, headers, bytes: all.subarray(end + PRELUDE_END.length), isAhead };
}

function isMarked(handler: object): boolean {
  return STREAMING in handler;
}

export async function invokeBuffered(
  handler: Lambda["bufferedHandler"],
  event: LambdaEvent,
): Promise<Invoked> {
  const { statusCode, headers, body } = await handler(event, contextOf());
  return { status: statusCode, headers, bytes: Buffer.from(body, "base64"), isAhead: false };
}

/** As the service says them; `date` and the like are the server's own. */
const COMPARED = ["content-type", "etag", "cache-control", "vary", "location"];

/** Asks a service that listens, with the target byte for byte. */
export function askRaw(
  url: string,
  target: string,
  { method = "GET", headers = {} }: Asked = {},
): Promise<Invoked> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, path: target, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers as Record<string, string>, // none of them comes twice
          bytes: Buffer.concat(chunks),
          isAhead: false,
        }),
      );
    });
    request.on("error", reject);
    request.end();
  });
}

/** Drops headers that may differ between two servers. */
export function compared({ status, headers, bytes }: Invoked): object {
  const said = COMPARED.map((name) => [name, headers[name]]);
  return { status, ...Object.fromEntries(said), bytes: bytes.toString("base64") };
}
