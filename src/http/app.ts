import type { Semaphore } from "../async/semaphore.ts";
import type { EventReceiver } from "../events/receive.ts";
import { MediaError, overloaded, STATUS } from "../errors.ts";
import type { Logger } from "../logger.ts";
import type { Handler } from "../library/web/handler.ts";
import type { Observe } from "../media/observe.ts";
import type { Warm } from "../media/warm/warm.ts";
import { RECIPE } from "../media/recipe.ts";
import { explainRequest } from "../request/explain.ts";
import type { VariantRequest } from "../request/request.ts";
import type { LogRequest } from "./access-log.ts";
import { printPath } from "./access-log.ts";
import { createAdmin } from "./admin/admin.ts";
import type { PageDeps } from "./admin/page-routes.ts";
import type { Purge } from "./admin/purge.ts";
import type { Answer } from "./answer/answer.ts";
import { answerText } from "./answer/answer.ts";
import type { StreamAnswer } from "./answer/response.ts";
import { isStreamed, toResponse } from "./answer/response.ts";
import type { DoorPorts } from "./front-door.ts";
import { answer } from "./front-door.ts";
import type { AnswerCache } from "./media/answer-cache.ts";
import type { OriginalDeps } from "./media/original.ts";
import { answerOriginal } from "./media/original.ts";
import type { VariantDeps } from "./media/variant.ts";
import { answerVariant } from "./media/variant.ts";
import type { Metrics } from "./metrics.ts";
import type { InFlightBytes } from "./node/in-flight-bytes.ts";
import type { PageFiles } from "./page.ts";
import { answerShell, isPagePath } from "./page.ts";
import type { AdapterBindings, WireRequest } from "./wire.ts";
import { cutPath, getTarget, toWire } from "./wire.ts";

export interface AppDeps extends VariantDeps, OriginalDeps, PageDeps {
  /** True once the stores were reachable, false again when the service is stopping. */
  readonly isReady: () => boolean;
  readonly isStopping: () => boolean;
  readonly observe: Observe;
  readonly metrics: Metrics;
  readonly logRequest: LogRequest;
  readonly logger: Logger;
  readonly inFlightBytes: InFlightBytes;
  /** Learns requests that it can answer the next time. */
  readonly answerCache?: Pick<AnswerCache, "add" | "answer">;
  readonly lookUps?: Semaphore;
  readonly originSecret?: string | undefined;
  /** The bearer token of operators; without one their routes are closed. */
  readonly adminToken: string | undefined;
  readonly mediaToken: string | undefined;
  readonly media: Handler;
  /** The files of the page; without them there is none. */
  readonly pageFiles?: PageFiles | undefined;
  readonly purge: Purge;
  readonly events: EventReceiver;
  readonly warm: Warm;
}

type Fetch = (request: Request, bindings?: AdapterBindings) => Response | Promise<Response>;

/** The service, for any kind of server. */
export interface App {
  /** Images, and everything else that anybody may ask for. */
  readonly ports: DoorPorts<Answer | StreamAnswer>;
  /** The routes of operators. */
  readonly admin: Fetch;
  /** All of it, for runtimes that speak of `Request` and `Response`. */
  readonly fetch: Fetch;
}

export function createApp(deps: AppDeps): App {
  const ports = createPorts(deps);
  const admin: Fetch = createAdmin({ ...deps, report: ports.report }).fetch;
  return {
    ports,
    admin,
    fetch: async (request, bindings) => {
      if (isAdminPath(cutPath(getTarget(request, bindings)))) return admin(request, bindings);
      const reply = await answer(toWire(request, bindings), ports);
      const breakOff = bindings?.outgoing && (() => void bindings.outgoing?.destroy());
      const headers = {
        ...reply.answer.headers,
        "server-timing": reply.timing,
        ...(deps.isStopping() && { connection: "close" }),
      };
      const response = toResponse({ ...reply.answer, headers }, breakOff);
      return request.method === "HEAD" ? new Response(null, response) : response;
    },
  };
}

/** Tells the routes of operators from all other paths. */
export function isAdminPath(path: string): boolean {
  return path.startsWith("/-/") && !isPagePath(path);
}

/** The bytes that a stream holds in buffers on its way. */
const STREAM_BYTES = 256 * 1024;
const A_DAY = { "cache-control": "public, max-age=86400" };

function createPorts(deps: AppDeps): DoorPorts<Answer | StreamAnswer> {
  const { rules, cache, observe, logger } = deps;
  return {
    rules,
    cache,
    observe,
    ...(deps.answerCache && { remembered: createRemembered(deps.answerCache, deps) }),
    ...(deps.lookUps && { lookUps: deps.lookUps }),
    originSecret: deps.originSecret,
    log: deps.logRequest,
    answerPage: (path, wire) => answerPage(path, wire, deps),
    answerMedia: async (request, { wire, recorder }) =>
      reserveBytes(
        request.form === "original"
          ? await answerOriginal(deps, request, wire)
          : await answerVariant(deps, request, { wire, recorder }),
        wire,
        deps,
      ),
    explain: async (request, { target }) => {
      const recipe = request.form === "original" ? {} : await tellRecipe(deps, request);
      const explanation = { ...explainRequest(target, request, rules), ...recipe };
      return answerText(JSON.stringify(explanation), { "content-type": "application/json" });
    },
    report: (error, path) => {
      const { code, message, cause } = error;
      observe({ kind: "failure", code });
      if (STATUS[code] < 500 && cause === undefined) return;
      logger.warn(message, { code, path: printPath(path), error: cause });
    },
  };
}

/** Tells the recipe of now, and that of the variant, if it is stored and the store answers. */
async function tellRecipe(
  { variants }: AppDeps,
  request: VariantRequest,
): Promise<{ readonly recipe: number; readonly storedRecipe?: number }> {
  try {
    const info = await variants.inspect(request);
    return { recipe: RECIPE, ...(info && { storedRecipe: info.recipe }) };
  } catch {
    return { recipe: RECIPE }; // the rest of the explanation needs no store
  }
}

/** Leaves an answer to the long way, which can refuse it, when there is no room for its bytes. */
function createRemembered(
  answerCache: Pick<AnswerCache, "add" | "answer">,
  { inFlightBytes }: AppDeps,
): NonNullable<DoorPorts<Answer>["remembered"]> {
  return {
    add: (target, parsed) => answerCache.add(target, parsed),
    answer: (wire) => {
      const known = answerCache.answer(wire);
      const held = wire.method === "HEAD" ? 0 : (known?.body?.length ?? 0);
      return inFlightBytes.reserve(held, wire.outgoing) ? known : undefined;
    },
  };
}

/** Answers the paths that name no image. */
function answerPage(
  path: string,
  wire: WireRequest,
  { isReady, pageFiles }: AppDeps,
): Answer | undefined {
  if (isPagePath(path)) {
    const shell = answerShell(path, wire, pageFiles);
    if (shell) return shell;
    throw new MediaError("not_found", "there is no such file");
  }
  if (path === "/healthz") return answerText("ok\n");
  if (path === "/readyz")
    return isReady() ? answerText("ready\n") : answerText("not ready\n", {}, 503);
  if (path === "/favicon.ico") return answerText("", A_DAY, 204);
  return path === "/robots.txt" ? answerText("User-agent: *\nDisallow:\n", A_DAY) : undefined;
}

/** @throws MediaError `overloaded` when too many bytes of answers wait for their clients */
function reserveBytes<T extends Answer | StreamAnswer>(
  found: T,
  { outgoing }: WireRequest,
  { inFlightBytes }: AppDeps,
): T {
  const held = isStreamed(found) ? STREAM_BYTES : (found.body?.length ?? 0);
  const length = isStreamed(found) ? Number(found.headers["content-length"]) : held;
  if (inFlightBytes.reserve(held, outgoing, length)) return found;
  if (isStreamed(found)) found.stream.close();
  throw overloaded("too many answers wait for slow clients");
}
