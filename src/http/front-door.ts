import type { Semaphore } from "../async/semaphore.ts";
import { MediaError, overloaded } from "../errors.ts";
import type { Observe } from "../media/observe.ts";
import { Recorder } from "../media/recorder.ts";
import { readRequest } from "../request/read.ts";
import type { MediaRequest, RequestRules } from "../request/request.ts";
import { toCacheTag } from "../url/cache-tag.ts";
import type { LogRequest } from "./access-log.ts";
import type { Answer, AnswerHead } from "./answer/answer.ts";
import { ALLOWED_METHODS, answerOptions } from "./answer/answer.ts";
import type { CacheRules } from "./answer/cache-control.ts";
import { answerError, toMediaError } from "./answer/problem.ts";
import { printTimings } from "./answer/server-timing.ts";
import type { AnswerCache } from "./media/answer-cache.ts";
import { limitToExpiry, printVary } from "./media/variant-answer.ts";
import type { WireRequest } from "./wire.ts";
import { cutPath, cutQuery, escapeBytes, readHeader } from "./wire.ts";

/** A request for an image, and where the time of its answer went. */
interface MediaInput {
  readonly wire: WireRequest;
  /** The target in ASCII. */
  readonly target: string;
  /** Told how long the parts of the answer take. */
  readonly recorder: Recorder;
}

/** The server that the front door belongs to. Its answers about images are of a kind of its own. */
export interface DoorPorts<A extends AnswerHead> {
  readonly rules: RequestRules;
  readonly cache: CacheRules;
  readonly observe?: Observe;
  /** The value of `X-Origin-Secret` that requests for images must have, if they must. */
  readonly originSecret?: string | undefined;
  /** The answers that are known already. */
  readonly remembered?: Pick<AnswerCache, "add"> & {
    answer(wire: WireRequest): Answer | undefined;
  };
  /** Bounds the requests for images that are looked up at the same time. */
  readonly lookUps?: Semaphore;
  /** Answers the paths that name no image; undefined for all others. */
  answerPage(path: string, wire: WireRequest): Answer | Promise<A> | undefined;
  readonly answerMedia: (request: MediaRequest, input: MediaInput) => Promise<A>;
  /** Answers what a URL asks for, in place of the image. */
  explain(request: MediaRequest, input: MediaInput): Answer | Promise<A>;
  /** Takes note of a failure that is answered; errors that no code expects are given as `internal`. */
  report(error: MediaError, path: string): void;
  readonly log?: LogRequest;
}

/** An answer, and the value of its `Server-Timing`. */
export interface Reply<A> {
  readonly answer: A;
  readonly timing: string;
}

/**
 * Answers a request: the one way in, whatever the server. An answer that is known already is given at once, without
 * a promise; the request is not even parsed.
 */
export function answer<A extends AnswerHead>(
  wire: WireRequest,
  ports: DoorPorts<A>,
): Reply<Answer> | Promise<Reply<A | Answer>> {
  const begin = performance.now();
  const isPlain = wire.problem === undefined && isFromOrigin(wire, ports.originSecret);
  const remembered = isPlain ? ports.remembered?.answer(wire) : undefined;
  if (!remembered) return answerInFull(wire, ports, begin);
  const ms = performance.now() - begin;
  logAnswer(wire, remembered, { ports, ms });
  return { answer: remembered, timing: printTimings({ memo: ms }, ms) };
}

async function answerInFull<A extends AnswerHead>(
  wire: WireRequest,
  ports: DoorPorts<A>,
  begin: number,
): Promise<Reply<A | Answer>> {
  const recorder = new Recorder(ports.observe);
  const found = await findAnswer(wire, ports, recorder);
  const ms = performance.now() - begin;
  logAnswer(wire, found, { ports, ms });
  return { answer: found, timing: printTimings(recorder.timings, ms) };
}

async function findAnswer<A extends AnswerHead>(
  wire: WireRequest,
  ports: DoorPorts<A>,
  recorder: Recorder,
): Promise<A | Answer> {
  const target = escapeBytes(wire.target);
  const path = cutPath(target);
  try {
    if (wire.method === "OPTIONS" && wire.problem === undefined) return answerOptions();
    checkWire(wire);
    return await (ports.answerPage(path, wire) ??
      answerImage({ wire, target, recorder }, ports, path));
  } catch (error) {
    return answerFailure(error, ports, path);
  }
}

function checkWire({ method, problem }: WireRequest): void {
  if (method !== "GET" && method !== "HEAD" && method !== "OPTIONS") {
    throw new MediaError("method_not_allowed", `the method must be one of ${ALLOWED_METHODS}`);
  }
  if (problem !== undefined) throw new MediaError("invalid_request", problem);
}

async function answerImage<A extends AnswerHead>(
  input: MediaInput,
  ports: DoorPorts<A>,
  path: string,
): Promise<A | Answer> {
  const { wire, target } = input;
  if (!isFromOrigin(wire, ports.originSecret)) {
    throw new MediaError(
      "unauthorized",
      "images are answered only through the CDN of this service",
    );
  }
  const accept = readHeader(wire, "accept");
  let request: MediaRequest;
  try {
    request = await readRequest(target, accept, ports.rules);
  } catch (error) {
    // another client may get a format that can hold the image
    return addHeaders(answerFailure(error, ports, path), { vary: "Accept" });
  }
  if (new URLSearchParams(cutQuery(target)).has("explain")) return ports.explain(request, input);
  const tag = { "cache-tag": toCacheTag(request.key) };
  try {
    const found = addHeaders(await lookUp(request, input, ports), tag);
    if (request.form !== "original") {
      const cacheTag = tag["cache-tag"];
      ports.remembered?.add({ target: wire.target, accept }, { request, cacheTag });
    }
    return found;
  } catch (error) {
    const failed = addHeaders(answerFailure(error, ports, path), tag);
    return request.form === "original" ? failed : completeFailure(failed, request, ports);
  }
}

/** @throws MediaError `overloaded` at once when too many images are being looked up, and what the ports throw */
async function lookUp<A extends AnswerHead>(
  request: MediaRequest,
  input: MediaInput,
  { lookUps, answerMedia }: DoorPorts<A>,
): Promise<A> {
  using lease = lookUps?.tryAcquire();
  if (lookUps && !lease) throw overloaded("too many images are being looked up");
  return await answerMedia(request, input);
}

/** Compares in a time that depends on the length of the secret alone. */
function isFromOrigin(wire: WireRequest, secret: string | undefined): boolean {
  if (secret === undefined) return true;
  const given = readHeader(wire, "x-origin-secret") ?? "";
  let difference = given.length ^ secret.length;
  for (let index = 0; index < secret.length; index += 1) {
    // beyond the end there is no code, which counts as zero
    difference |= given.charCodeAt(index) ^ secret.charCodeAt(index);
  }
  return difference === 0;
}

/** Adds the headers about Accept and the end of the URL, as other answers have them. */
function completeFailure(
  failed: Answer,
  request: Exclude<MediaRequest, { form: "original" }>,
  { rules }: Pick<DoorPorts<never>, "rules">,
): Answer {
  const { "cache-control": cacheControl = "no-store" } = failed.headers;
  return addHeaders(failed, {
    "cache-control": limitToExpiry(cacheControl, request, rules),
    ...printVary(request),
  });
}

function answerFailure(
  error: unknown,
  { cache, report }: Pick<DoorPorts<never>, "cache" | "report">,
  path: string,
): Answer {
  const known = toMediaError(error);
  report(known, path);
  return answerError(known, cache);
}

function addHeaders<T extends AnswerHead>(head: T, headers: Readonly<Record<string, string>>): T {
  return { ...head, headers: { ...head.headers, ...headers } };
}

function logAnswer(
  { method, target }: WireRequest,
  { status, headers }: AnswerHead,
  { ports, ms }: { readonly ports: Pick<DoorPorts<never>, "log">; readonly ms: number },
): void {
  const bytes = method === "HEAD" ? 0 : Number(headers["content-length"] ?? 0);
  ports.log?.({ method, path: cutPath(target), status, ms, bytes });
}
