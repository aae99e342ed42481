import { orAbort } from "../../async/abort.ts";
import { MediaError } from "../../errors.ts";
import type { VariantRequest } from "../../request/request.ts";
import type { Recorder } from "../../media/recorder.ts";
import type { VariantInfo } from "../../media/variant.ts";
import type { FindOptions, FoundVariant, Variants } from "../../media/variants/variants.ts";
import type { Answer } from "../answer/answer.ts";
import { answerSelected } from "../answer/answer.ts";
import { addHint, clientGone } from "../answer/problem.ts";
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
import type { WireRequest } from "../wire.ts";
import { readHeader } from "../wire.ts";

export interface VariantDeps extends AnswerDeps {
  readonly variants: Variants;
}

/** A HEAD waits for the write this long at most. */
const HEAD_WRITE_WAIT_MS = 5000;

/**
 * Answers a request for a variant.
 *
 * @throws MediaError what the use case throws, with the hint of the request
 */
export async function answerVariant(
  deps: VariantDeps,
  request: VariantRequest,
  { wire, recorder }: VariantInput,
): Promise<Answer | StreamAnswer> {
  const begin = performance.now();
  const { method } = wire;
  // a failure is shared by all that wait for it, but the hint is of one request
  const found = await find(deps, request, { wire, recorder }).catch((error: unknown) => {
    throw addHint(error, request.hint);
  });
  // a HEAD that makes a variant, as `curl -I` may, is sent to have it stored
  if (method === "HEAD" && found.kind === "made") {
    await orAbort(found.written, AbortSignal.timeout(HEAD_WRITE_WAIT_MS)).catch(() => undefined);
  }
  const input = {
    deps,
    request: found.request,
    method,
    header: (name: string) => readHeader(wire, name),
  };
  const answer = answerFromMemory(input, found) ?? (await redirectToSigned(input, found));
  return (
    answer ?? read(deps, input, { info: getInfo(found), wire, spentMs: performance.now() - begin })
  );
}

interface Reading extends Pick<VariantInput, "wire"> {
  readonly info: VariantInfo;
  readonly spentMs: number;
}

/** Answers with bytes that are not in memory. */
async function read(
  deps: VariantDeps,
  input: AnswerInput,
  { info, wire, spentMs }: Reading,
): Promise<Answer | StreamAnswer> {
  const { request } = input;
  const selection = selectBody(input, info);
  const range = selection.kind === "part" ? { range: selection.range } : {};
  const { signal } = wire;
  const options = { ...range, signal, spentMs };
  const result = await deps.variants.read(request, info, options).catch((error: unknown) => {
    throw signal.aborted ? clientGone() : error;
  });
  // the variant may have been made again meanwhile
  if (result.kind === "whole") {
    const { variant } = result;
    const { etag } = variant.info;
    const headers = createImageHeaders(input, variant.info);
    return answerSelected(selectBody(input, variant.info), { etag, bytes: variant.bytes }, headers);
  }
  return { ...answerStreamHead(input, result.info, result.range), stream: result.body };
}

interface VariantInput {
  readonly wire: WireRequest;
  readonly recorder: Recorder;
}

async function find(
  { variants }: VariantDeps,
  request: VariantRequest,
  { wire, recorder }: VariantInput,
): Promise<FoundVariant> {
  const options: FindOptions = {
    recorder,
    // read only when there is something to wait for: in an adapter it costs more than a hit
    get signal() {
      return wire.signal;
    },
  };
  try {
    return await variants.find(request, options);
  } catch (error) {
    throw error instanceof MediaError || !wire.signal.aborted ? error : clientGone();
  }
}
