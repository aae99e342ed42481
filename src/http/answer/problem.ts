import type { ErrorCode } from "../../errors.ts";
import { MediaError } from "../../errors.ts";
import type { CacheRules } from "./cache-control.ts";
import { printErrorCaching } from "./cache-control.ts";
import type { Answer } from "./answer.ts";
import { ALLOWED_METHODS, answerProblem } from "./answer.ts";

const RETRY_AFTER_SECONDS: Partial<Record<ErrorCode, number>> = {
  overloaded: 1,
  store_failed: 5,
  timeout: 5,
};

/** The answer to a request that failed, in JSON. */
export function answerError({ code, message }: MediaError, rules: CacheRules): Answer {
  const retryAfter = RETRY_AFTER_SECONDS[code];
  return answerProblem(
    { code, message },
    {
      "cache-control": printErrorCaching(code, rules),
      ...(retryAfter !== undefined && { "retry-after": String(retryAfter) }),
      ...(code === "method_not_allowed" && { allow: ALLOWED_METHODS }),
    },
  );
}

/** Any error as one that can be answered. */
export function toMediaError(error: unknown): MediaError {
  if (error instanceof MediaError) return error;
  return new MediaError("internal", "the service has failed, see its log", { cause: error });
}

/** The error of a request whose client left before the answer. */
export function clientGone(cause?: unknown): MediaError {
  return new MediaError("aborted", "the client has gone", { cause });
}

/** Adds the hint of a request to the error that its original is missing. */
export function addHint(error: unknown, hint: string | undefined): unknown {
  const isMissing = error instanceof MediaError && error.code === "original_not_found";
  return isMissing && hint ? new MediaError(error.code, `${error.message}; ${hint}`) : error;
}
