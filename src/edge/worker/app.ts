import { MediaError } from "../../errors.ts";
import type { AnswerHead } from "../../http/answer/answer.ts";
import { answerText, COMMON_HEADERS } from "../../http/answer/answer.ts";
import type { DoorPorts } from "../../http/front-door.ts";
import { answer } from "../../http/front-door.ts";
import type { WireRequest } from "../../http/wire.ts";
import { toWire } from "../../http/wire.ts";
import type { VariantRequest } from "../../request/request.ts";
import type { EdgeCache, BackgroundTasks } from "./bindings.ts";
import type { FreshnessChecks } from "./freshness.ts";
import { createFreshnessChecks } from "./freshness.ts";
import type { Hit } from "./hit.ts";
import { answerHit, respond } from "./hit.ts";
import { answerMiss } from "./miss.ts";
import { askOrigin } from "./origin.ts";
import type { EdgeSettings } from "./settings.ts";

/** Cloudflare's objects for one request. */
interface Invocation {
  readonly cache: EdgeCache;
  readonly tasks: BackgroundTasks;
}

/** The edge as a function from request to response. */
export type EdgeApp = (raw: Request, invocation: Invocation) => Promise<Response>;

/** An answer whose body is on its way. */
interface EdgeAnswer extends AnswerHead {
  readonly stream: ReadableStream<Uint8Array> | null;
}

/** Paths that are forwarded to the service. */
const SERVICE_PATH = /^\/(?:readyz|favicon\.ico|robots\.txt)$/;

/** The front door, before which the bucket and Cloudflare's cache take the place of what the service remembers. */
export function createEdge(settings: EdgeSettings): EdgeApp {
  const freshness = createFreshnessChecks(settings);
  return async (raw, invocation) => {
    const ports = createPorts({ settings, freshness, raw, ...invocation });
    const { answer: found } = await answer<EdgeAnswer>(toWire(raw), ports);
    return respond(found, "stream" in found ? found.stream : null);
  };
}

interface EdgeRequest extends Invocation {
  readonly settings: EdgeSettings;
  readonly freshness: FreshnessChecks;
  readonly raw: Request;
}

function createPorts(edge: EdgeRequest): DoorPorts<EdgeAnswer> {
  const { settings } = edge;
  const { method, headers } = edge.raw;
  const forward = async ({ target }: WireRequest): Promise<EdgeAnswer> =>
    toAnswer(await askOrigin(settings, { method, target, headers, isConditional: true }));
  return {
    rules: settings.rules,
    cache: settings.cache,
    answerPage: (path, wire) => {
      // operators call the service directly
      if (path.startsWith("/-/"))
        throw new MediaError("not_found", "there is nothing at this path");
      if (path === "/healthz") return answerText("ok\n");
      return SERVICE_PATH.test(path) ? forward(wire) : undefined;
    },
    explain: (_, { wire }) => forward(wire),
    answerMedia: async (request, { wire, target }) =>
      request.form === "original"
        ? forward(wire)
        : toAnswer(await answerVariant(edge, request, target)),
    report: ({ code, message, cause }) => {
      if (code === "internal") console.error("the Worker has failed", cause);
      else if (cause !== undefined) console.warn(message, cause);
    },
  };
}

async function answerVariant(
  { settings, freshness, raw, cache, tasks }: EdgeRequest,
  request: VariantRequest,
  target: string,
): Promise<Response> {
  const hit = await tryBucket(settings, request, raw);
  if (!hit) return answerMiss({ settings, request, target, raw, cache, tasks });
  // after the answer: the visitor does not wait for it, and does not see it fail
  tasks.waitUntil(freshness.check(hit, target).catch(() => undefined));
  return hit.response;
}

/** Looks into the bucket. A failing bucket counts as an empty one: the service may still answer. */
async function tryBucket(
  settings: EdgeSettings,
  request: VariantRequest,
  raw: Request,
): Promise<Hit | undefined> {
  try {
    return await answerHit(settings, request, raw);
  } catch (error) {
    if (error instanceof MediaError) throw error;
    console.warn("the bucket does not answer: the service is asked instead", error);
    return undefined;
  }
}

function toAnswer({ status, headers, body }: Response): EdgeAnswer {
  const said = { "cache-control": "no-store", ...Object.fromEntries(headers), ...COMMON_HEADERS };
  return { status, headers: said, stream: body };
}
