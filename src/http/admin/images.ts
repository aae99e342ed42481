import type { Context, Hono } from "hono";
import { MediaError } from "../../errors.ts";
import type { Observe } from "../../media/observe.ts";
import { Recorder } from "../../media/recorder.ts";
import { describeContent } from "../../media/variant.ts";
import type { MediaRequest, VariantRequest } from "../../request/request.ts";
import { readRequest } from "../../request/read.ts";
import type { Answer } from "../answer/answer.ts";
import { clientGone } from "../answer/problem.ts";
import type { StreamAnswer } from "../answer/response.ts";
import { toResponse } from "../answer/response.ts";
import { printTimings } from "../answer/server-timing.ts";
import { addRoute } from "./route.ts";
import type { OriginalDeps } from "../media/original.ts";
import { answerOriginal } from "../media/original.ts";
import type { VariantDeps } from "../media/variant.ts";
import { answerVariant } from "../media/variant.ts";
import type { AdapterBindings, WireRequest } from "../wire.ts";
import { cutQuery, getTarget, readHeader, toWire } from "../wire.ts";
import { openRules } from "./explain.ts";

export interface ImageDeps extends VariantDeps, OriginalDeps {
  readonly observe: Observe;
  readonly page: {
    readonly preview: (
      request: VariantRequest,
      options: { readonly signal: AbortSignal; readonly recorder: Recorder },
    ) => Promise<Uint8Array>;
  };
}

type ImageContext = Context<{ Bindings: AdapterBindings }>;

const PATH = "/-/images";

/**
 * `GET /-/images/w_300/KEY`: the bytes of any variant or original, by the token in place of a signature. With
 * `?keep=no` a variant is made anew and kept nowhere.
 */
export function addImageRoute(app: Hono, deps: ImageDeps): void {
  addRoute(app, "/images/*", { GET: (c: ImageContext) => respondImage(c, deps) });
}

async function respondImage(c: ImageContext, deps: ImageDeps): Promise<Response> {
  const begin = performance.now();
  const recorder = new Recorder(deps.observe);
  const wire = toWire(c.req.raw, c.env);
  const target = getTarget(c.req.raw, c.env).slice(PATH.length);
  const request = await readRequest(target, readHeader(wire, "accept"), openRules(deps.rules));
  const isKept = readKeep(cutQuery(target));
  const found = await answerRequest(request, { wire, recorder, isKept }, deps);
  return toResponse({
    ...found,
    headers: {
      ...found.headers,
      "cache-control": "private, no-cache", // the token decides, so no cache may give it to others
      "server-timing": printTimings(recorder.timings, performance.now() - begin),
    },
  });
}

interface ImageInput {
  readonly wire: WireRequest;
  readonly recorder: Recorder;
  readonly isKept: boolean;
}

async function answerRequest(
  request: MediaRequest,
  { wire, recorder, isKept }: ImageInput,
  deps: ImageDeps,
): Promise<Answer | StreamAnswer> {
  if (request.form === "original") {
    return answerOriginal({ ...deps, originalsUrl: undefined }, request, wire);
  }
  if (isKept) return answerVariant({ ...deps, delivery: "stream" }, request, { wire, recorder });
  const { signal } = wire;
  const body = await deps.page.preview(request, { signal, recorder }).catch((error: unknown) => {
    throw signal.aborted ? clientGone() : error;
  });
  const { contentType } = describeContent(request);
  const headers = { "content-type": contentType, "content-length": String(body.length) };
  return { status: 200, headers, body };
}

/** @throws MediaError `invalid_path` for anything but `keep=no` */
function readKeep(query: string): boolean {
  const keep = new URLSearchParams(query).get("keep");
  if (keep === null) return true;
  if (keep === "no") return false;
  throw new MediaError(
    "invalid_path",
    `the parameter "keep" must be no, or be left out, got "${keep}"`,
  );
}
