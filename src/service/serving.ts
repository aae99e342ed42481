import type { RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { Semaphore } from "../async/semaphore.ts";
import type { Config } from "../config/config.ts";
import { answerProblem } from "../http/answer/answer.ts";
import { toResponse } from "../http/answer/response.ts";
import type { App, AppDeps } from "../http/app.ts";
import { createApp, isAdminPath } from "../http/app.ts";
import { AnswerCache } from "../http/media/answer-cache.ts";
import { InFlightBytes } from "../http/node/in-flight-bytes.ts";
import { createListener } from "../http/node/listener.ts";
import type { MediaService } from "./service.ts";

/** A service as it answers requests, of either kind. */
export interface Serving {
  readonly fetch: App["fetch"];
  readonly listener: RequestListener;
}

type ProcessState = Pick<AppDeps, "isReady" | "isStopping" | "pageFiles">;

/** Puts the application before a service, for a process that answers many requests at a time. */
export function createServing(
  service: MediaService,
  { limits, adminToken }: Pick<Config, "limits" | "adminToken">,
  state: ProcessState,
): Serving {
  const app = createApp({
    ...service.app,
    ...state,
    inFlightBytes: new InFlightBytes(limits.answersInFlight),
    answerCache: new AnswerCache(service.app),
    lookUps: new Semaphore({ limit: limits.lookUps }),
    adminToken,
  });
  const listenForAll = createListener({ ports: app.ports, isStopping: state.isStopping });
  const listenForOperators = getRequestListener(app.admin, {
    hostname: "localhost", // for requests without a Host; its value has no effect
    errorHandler: () => {
      const problem = "the request must have a path as its target and a valid Host";
      return toResponse(answerProblem({ code: "invalid_request", message: problem }));
    },
  });
  return {
    fetch: app.fetch,
    listener: (request, response) => {
      if (isAdminPath(request.url ?? "")) void listenForOperators(request, response);
      else listenForAll(request, response);
    },
  };
}
