import type { IncomingMessage, ServerResponse } from "node:http";
import type { InFlightBytes } from "./in-flight-bytes.ts";
import type { Answer } from "../answer/answer.ts";
import type { LogRequest } from "../access-log.ts";
import type { AnswerCache } from "../media/remembered.ts";
import { printTimings } from "../answer/server-timing.ts";
import { cutPath } from "./target.ts";

interface HitListenerDeps {
  readonly hits: Pick<AnswerCache, "answer">;
  readonly limit: InFlightBytes;
  readonly log: LogRequest;
}

/** Answers what can be answered at once; tells whether it has. */
export type FastPath = (request: IncomingMessage, response: ServerResponse) => boolean;

/** The short way of a hit, from the socket and back to it: frameworks cost several times what it does. */
export function createFastPath({ hits, limit, log }: HitListenerDeps): FastPath {
  // the same redirect is answered again and again
  const lists = new WeakMap<Answer, readonly string[]>();
  const listHeaders = (answer: Answer): readonly string[] => {
    const list = lists.get(answer) ?? Object.entries(answer.headers).flat();
    lists.set(answer, list);
    return list;
  };
  return (request, response) => {
    const begin = performance.now();
    const { method = "", url: target = "", headers } = request;
    const answer = hits.answer({ method, target, headers });
    const body = method === "HEAD" ? undefined : answer?.body;
    if (!answer || (body && !limit.reserve(body.length, response))) return false;
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
