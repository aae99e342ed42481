import type { IncomingMessage, ServerResponse } from "node:http";
import type { AnswerLimit } from "./answer-limit.ts";
import type { Answer } from "../answer/answer.ts";
import type { LogRequest } from "../access-log.ts";
import type { Hits } from "../media/remembered.ts";
import { printTimings } from "../answer/server-timing.ts";
import { pathOf } from "./target.ts";

interface HitListenerDeps {
  readonly hits: Pick<Hits, "answer">;
  readonly limit: AnswerLimit;
  readonly log: LogRequest;
}

/** Answers what can be answered at once; tells whether it has. */
export type HitListener = (request: IncomingMessage, response: ServerResponse) => boolean;

/** The short way of a hit, from the socket and back to it: frameworks cost several times what it does. */
export function createHitListener({ hits, limit, log }: HitListenerDeps): HitListener {
  // the same redirect is answered again and again
  const lists = new WeakMap<Answer, readonly string[]>();
  const listOf = (answer: Answer): readonly string[] => {
    const list = lists.get(answer) ?? Object.entries(answer.headers).flat();
    lists.set(answer, list);
    return list;
  };
  return (request, response) => {
    const begin = performance.now();
    const { method = "", url: target = "", headers } = request;
    const answer = hits.answer({ method, target, headers });
    const body = method === "HEAD" ? undefined : answer?.body;
    if (!answer || (body && !limit.admit(body.length, response))) return false;
    const ms = performance.now() - begin;
    response.writeHead(answer.status, [
      ...listOf(answer),
      "server-timing",
      printTimings({ memo: ms }, ms),
    ]);
    response.end(body);
    log({ method, path: pathOf(target), status: answer.status, ms, bytes: body?.length ?? 0 });
    return true;
  };
}
