import type { Hono } from "hono";
import { MediaError } from "../../errors.ts";
import { toAsync } from "../../async/to-async.ts";
import { readEntries } from "../../media/warm/lines.ts";
import type { WarmEntry } from "../../media/warm/request.ts";
import { parseWarmRequests } from "../../media/warm/request.ts";
import type { WarmResult } from "../../media/warm/result.ts";
import { countResult, createTally } from "../../media/warm/result.ts";
import type { Warm } from "../../media/warm/warm.ts";
import { readText } from "./body.ts";
import { addRoute } from "./route.ts";

/** For a JSON document. NDJSON is read line by line, without a bound. */
const MAX_DOCUMENT_BYTES = 1024 * 1024;
/** An idle answer gets an empty line this often, so that proxies do not close the connection. */
const HEARTBEAT_MS = 10_000;

/** Types that a form of a foreign page cannot send. */
const JSON_TYPE = "application/json";
const LINE_TYPES: readonly string[] = ["application/x-ndjson", "application/ndjson"];

export interface WarmRouteDeps {
  readonly warm: Warm;
  readonly isStopping: () => boolean;
}

/** `POST /-/warm` */
export function addWarmRoute(app: Hono, deps: WarmRouteDeps): void {
  addRoute(app, "/warm", { POST: (c) => respondWarm(deps, c.req.raw) });
}

/**
 * Answers a line of JSON for each variant as it is made, and one line with the sums.
 *
 * @throws MediaError `invalid_body`, `too_large`
 */
async function respondWarm(
  { warm, isStopping }: WarmRouteDeps,
  request: Request,
): Promise<Response> {
  const entries = await readList(request);
  const gone = new AbortController();
  const run: Run = {
    results: warm(until(isStopping, entries), gone.signal),
    isStopping,
    end: () => gone.abort(),
  };
  return new Response(streamResults(run), {
    headers: { "content-type": "application/x-ndjson", "cache-control": "no-store" },
  });
}

async function readList(request: Request): Promise<AsyncIterable<WarmEntry>> {
  const { headers, body } = request;
  const [named = ""] = (headers.get("content-type") ?? "").split(";");
  const type = named.trim().toLowerCase();
  if (type !== JSON_TYPE && !LINE_TYPES.includes(type)) {
    const expected = `${JSON_TYPE} or ${LINE_TYPES[0]}`;
    throw new MediaError("invalid_body", `the content type must be ${expected}, got "${type}"`);
  }
  if (!body) throw new MediaError("invalid_body", "there must be a body");
  if (LINE_TYPES.includes(type)) return readEntries(body);
  return toAsync(parseWarmRequests(await readText(request, MAX_DOCUMENT_BYTES)));
}

async function* until<T>(isOver: () => boolean, values: AsyncIterable<T>): AsyncGenerator<T> {
  for await (const value of values) {
    if (isOver()) return;
    yield value;
  }
}

interface Run {
  readonly results: AsyncGenerator<WarmResult>;
  readonly isStopping: () => boolean;
  /** Ends the run. */
  readonly end: () => void;
}

function streamResults({ results, isStopping, end }: Run): ReadableStream<Uint8Array> {
  const tally = createTally();
  const begin = performance.now();
  let pending: Promise<IteratorResult<WarmResult>> | undefined;
  return new ReadableStream<Uint8Array>({
    pull: async (stream) => {
      pending ??= results.next();
      const next = await waitOrHeartbeat(pending);
      if (!next && !isStopping()) {
        stream.enqueue(encode("\n"));
        return;
      }
      pending = undefined;
      if (next && !next.done) {
        countResult(tally, next.value);
        stream.enqueue(encode(`${JSON.stringify(next.value)}\n`));
        return;
      }
      end();
      const status = isStopping() ? "stopped" : "done";
      const ms = Math.round(performance.now() - begin);
      stream.enqueue(encode(`${JSON.stringify({ status, ...tally, ms })}\n`));
      stream.close();
    },
    cancel: end,
  });
}

/** Undefined when it is time for a heartbeat. */
async function waitOrHeartbeat<T>(promise: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const heartbeat = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), HEARTBEAT_MS);
  });
  try {
    return await Promise.race([promise, heartbeat]);
  } finally {
    clearTimeout(timer);
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
