import { orAbort } from "../../abort.ts";
import { MediaError } from "../../errors.ts";
import type { VariantRequest } from "../../request/request.ts";
import type { Timings } from "../../media/variants/timings.ts";
import type { VariantInfo } from "../../media/variant.ts";
import type { FindOptions, FoundVariant, Variants } from "../../media/variants/variants.ts";
import type { Answer } from "../answer/answer.ts";
import { answerSelected } from "../answer/answer.ts";
import { selectBody } from "../answer/conditions.ts";
import type { AnswerInput, AnswerDeps } from "./variant-answer.ts";
import {
  answerFromMemory,
  answerStreamHead,
  createImageHeaders,
  getInfo,
  redirectToSigned,
} from "./variant-answer.ts";
import type { StreamAnswer } from "../answer/response.ts";

export interface VariantDeps extends AnswerDeps {
  readonly variants: Variants;
}

/** A write that takes longer does not keep the answer to a HEAD waiting. */
const HEAD_WRITE_WAIT_MS = 5000;

/**
 * Answers a request for a variant.
 *
 * @throws MediaError what the use case throws, with advice for whoever asked
 */
export async function answerVariant(
  deps: VariantDeps,
  request: VariantRequest,
  { raw, timings }: VariantInput,
): Promise<Answer | StreamAnswer> {
  const begin = performance.now();
  const { method, headers } = raw;
  const found = await find(deps, request, { raw, timings }).catch((error: unknown) => {
    throw advise(error, request);
  });
  // to make a variant without fetching it, as `curl -I` does, is to want it kept
  if (method === "HEAD" && found.kind === "made") {
    await orAbort(found.written, AbortSignal.timeout(HEAD_WRITE_WAIT_MS)).catch(() => undefined);
  }
  const asked = {
    deps,
    request: found.request,
    method,
    header: (name: string) => headers.get(name) ?? undefined,
  };
  const answer = answerFromMemory(asked, found) ?? (await redirectToSigned(asked, found));
  return (
    answer ?? read(deps, asked, { info: getInfo(found), raw, spentMs: performance.now() - begin })
  );
}

interface Reading extends Pick<VariantInput, "raw"> {
  readonly info: VariantInfo;
  readonly spentMs: number;
}

/** Answers with bytes that are not at hand. */
async function read(
  deps: VariantDeps,
  asked: AnswerInput,
  { info, raw, spentMs }: Reading,
): Promise<Answer | StreamAnswer> {
  const { request } = asked;
  const selection = selectBody(asked, info);
  const range = selection.kind === "part" ? { range: selection.range } : {};
  const { signal } = raw;
  const options = { ...range, signal, spentMs };
  const result = await goneIfAborted(signal, deps.variants.read(request, info, options));
  // it may have been made anew meanwhile
  if (result.kind === "whole") {
    const { variant } = result;
    const { etag } = variant.info;
    const headers = createImageHeaders(asked, variant.info);
    return answerSelected(selectBody(asked, variant.info), { etag, bytes: variant.bytes }, headers);
  }
  return { ...answerStreamHead(asked, result.info, result.range), stream: result.body };
}

interface VariantInput {
  readonly raw: Pick<Request, "method" | "headers" | "signal">;
  readonly timings: Timings;
}

async function find(
  { variants }: VariantDeps,
  request: VariantRequest,
  { raw, timings }: VariantInput,
): Promise<FoundVariant> {
  const options: FindOptions = {
    timings,
    // asked for only when there is something to wait for: it costs an adapter more than a hit does
    get signal() {
      return raw.signal;
    },
  };
  try {
    return await variants.find(request, options);
  } catch (error) {
    if (error instanceof MediaError || !raw.signal.aborted) throw error;
    throw new MediaError("aborted", "the client has gone");
  }
}

async function goneIfAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw signal.aborted ? new MediaError("aborted", "the client has gone") : error;
  }
}

/** The failure is shared by all who asked; how the key was to be read is each one's own. */
function advise(error: unknown, { hint }: VariantRequest): unknown {
  const isMissing = error instanceof MediaError && error.code === "original_not_found";
  return isMissing && hint ? new MediaError(error.code, `${error.message}; ${hint}`) : error;
}
