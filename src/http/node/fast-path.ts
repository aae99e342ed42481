import type { IncomingMessage, ServerResponse } from "node:http";
import type { InFlightBytes } from "./in-flight-bytes.ts";
import type { Answer } from "../answer/answer.ts";
import type { LogRequest } from "../access-log.ts";
import type { AnswerCache } from "../media/answer-cache.ts";
import { printTimings } from "../answer/server-timing.ts";
import { cutPath } from "./target.ts";

interface FastPathDeps {
  readonly answerCache: Pick<AnswerCache, "answer">;
  readonly inFlightBytes: InFlightBytes;
  readonly log: LogRequest;
}

/** Answers a request if that can be done at once; false if not. */
export type FastPath = (request: IncomingMessage, response: ServerResponse) => boolean;

/** Answers hits from memory, straight on the socket: a framework would cost several times as much. */
export function createFastPath({ answerCache, inFlightBytes, log }: FastPathDeps): FastPath {
  // the same answer is sent many times
  const lists = new WeakMap<Answer, readonly string[]>();
  const listHeaders = (answer: Answer): readonly string[] => {
    const list = lists.get(answer) ?? Object.entries(answer.headers).flat();
    lists.set(answer, list);
    return list;
  };
  return (request, response) => {
    const begin = performance.now();
    const { method = "", url: target = "", headers } = request;
    const answer = answerCache.answer({ method, target, headers });
    const body = method === "HEAD" ? undefined : answer?.body;
    if (!answer || (body && !inFlightBytes.reserve(body.length, response))) return false;
    const ms = performance.now() - begin;
    response.writeHead(answer.status, [
      ...listHeaders(answer),
      "server-timing",
      printTimings({ memo: ms }, ms),
    ]);
    response.end(body);
    log({ method, path: cutPath(target), status: answer.status, ms, bytes: body?.length ?? 0 });
    return true;
  };
}
