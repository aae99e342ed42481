import { Scope } from "../../async/scope.ts";
import { MediaError } from "../../errors.ts";
import type { Originals } from "../../media/originals/originals.ts";
import type { OriginalRequest } from "../../request/request.ts";
import type { ByteStream } from "../../media/open-bodies.ts";
import { peekStream } from "../../media/open-bodies.ts";
import { encodeKey } from "../../url/percent.ts";
import type { Answer, ImageHeaders } from "../answer/answer.ts";
import {
  answerHead,
  answerPartHead,
  answerRedirect,
  answerWithoutBytes,
} from "../answer/answer.ts";
import type { CacheRules } from "../answer/cache-control.ts";
import { printShortCaching } from "../answer/cache-control.ts";
import type { Conditional, Representation, Selection } from "../answer/conditions.ts";
import { checkConditions, selectBody } from "../answer/conditions.ts";
import { addHint, clientGone } from "../answer/problem.ts";
import type { StreamAnswer } from "../answer/response.ts";
import type { WireRequest } from "../wire.ts";
import { readHeader } from "../wire.ts";

export interface OriginalDeps {
  readonly originals: Pick<Originals, "head" | "open">;
  /** The media type of an image that browsers can show, by its first bytes. */
  readonly identify: (bytes: Uint8Array) => string | undefined;
  /** The URL of all originals, without a slash at its end; if given, requests are redirected there. */
  readonly originalsUrl: string | undefined;
  readonly cache: CacheRules;
  readonly storeTimeoutMs: number;
}

/** The format of an image can be told from this many of its first bytes. */
const START_BYTES = 512;

interface Client extends Conditional {
  readonly signal: AbortSignal;
}

/**
 * Answers a request for an original as it is. Its bytes are sent as they are read, and only if they are those of
 * an image; the type that they were stored with does not count.
 *
 * @throws MediaError `original_not_found`, `unsupported_original`, `too_large`, and what the store throws
 */
export async function answerOriginal(
  deps: OriginalDeps,
  { key, hint }: OriginalRequest,
  wire: WireRequest,
): Promise<Answer | StreamAnswer> {
  const cacheControl = printShortCaching(deps.cache);
  if (deps.originalsUrl !== undefined) {
    return answerRedirect(`${deps.originalsUrl}/${encodeKey(key)}`, { cacheControl });
  }
  const { method } = wire;
  const client = {
    method,
    signal: wire.signal,
    header: (name: string) => readHeader(wire, name),
  };
  using scope = new Scope({ timeoutMs: deps.storeTimeoutMs, signals: [client.signal] });
  try {
    const reading = { deps, key, client, signal: scope.signal };
    // a second time if it was replaced meanwhile: the conditions may have another result
    const answer = (await answerCurrent(reading)) ?? (await answerCurrent(reading));
    if (answer) return answer;
    throw new MediaError("store_failed", "the original changes while it is read");
  } catch (error) {
    throw client.signal.aborted ? clientGone() : addHint(error, hint);
  }
}

interface OriginalReading {
  readonly deps: OriginalDeps;
  readonly key: string;
  readonly client: Client;
  readonly signal: AbortSignal;
}

/** `undefined` when the original was replaced on the way. */
async function answerCurrent(reading: OriginalReading): Promise<Answer | StreamAnswer | undefined> {
  const { deps, key, client, signal } = reading;
  const known = await deps.originals.head(key, signal);
  const there = known ?? (await getInstead(reading));
  const headers = { contentType: "", cacheControl: printShortCaching(deps.cache) };
  const failed = checkConditions(client, there);
  const early = failed && answerWithoutBytes(failed, there, headers);
  return early ?? answerImage(reading, { there, headers });
}

/** Reads what a HEAD has called missing: a GET tells that from other failures. */
async function getInstead({ deps, key, signal }: OriginalReading): Promise<Representation> {
  const result = await deps.originals.open(key, { signal });
  if (result.kind === "found") {
    result.body.close();
    return result.info;
  }
  throw new MediaError("original_not_found", `there is no original "${key}"`);
}

interface Known {
  readonly there: Representation;
  readonly headers: ImageHeaders;
}

async function answerImage(
  reading: OriginalReading,
  { there, headers }: Known,
): Promise<Answer | StreamAnswer | undefined> {
  const { client } = reading;
  const selection = selectBody(client, there);
  const early = answerWithoutBytes(selection, there, headers);
  if (early) return early;
  const isWhole = client.method === "GET" && selection.kind === "whole";
  if (isWhole) return answerWhole(reading, { there, headers });
  const last = Math.min(START_BYTES, there.size) - 1;
  const start = await open(reading, there, { kind: "part", range: { first: 0, last } });
  if (!start) return undefined;
  const { type } = await identifyStream(reading, start).finally(start.close);
  const described = { ...headers, contentType: type };
  if (client.method === "HEAD") return answerHead(there, described);
  const stream = await open(reading, there, selection);
  if (!stream || selection.kind !== "part") return undefined;
  return { ...answerPartHead(selection.range, there, described), stream };
}

async function answerWhole(
  reading: OriginalReading,
  { there, headers }: Known,
): Promise<StreamAnswer | undefined> {
  const opened = await open(reading, there, { kind: "whole" });
  if (!opened) return undefined;
  const { type, body } = await identifyStream(reading, opened);
  return { ...answerHead(there, { ...headers, contentType: type }), stream: body };
}

/** `undefined` when the original was replaced on the way. */
async function open(
  { deps, key, signal }: OriginalReading,
  { etag, size }: Representation,
  selection: Selection,
): Promise<ByteStream | undefined> {
  const range = selection.kind === "part" && size > 0 ? { range: selection.range } : {};
  const result = await deps.originals.open(key, { signal, ifMatch: etag, ...range });
  return result.kind === "found" ? result.body : undefined;
}

/** @throws MediaError `unsupported_original` unless it is an image */
async function identifyStream(
  { deps }: OriginalReading,
  opened: ByteStream,
): Promise<{ readonly type: string; readonly body: ByteStream }> {
  try {
    const { start, body } = await peekStream(opened, START_BYTES);
    const type = deps.identify(start);
    if (type) return { type, body };
    throw new MediaError(
      "unsupported_original",
      "only images are served as they are, the original is not an image of a known format",
    );
  } catch (error) {
    opened.close();
    throw error;
  }
}
