import type { ErrorCode, MediaError } from "../errors.ts";
import type { CacheRules } from "./cache-control.ts";
import { cacheError } from "./cache-control.ts";
import type { Answer } from "./answers.ts";
import { ALLOWED_METHODS, answerProblem } from "./answers.ts";

/** The status of every error; a code without one does not compile. */
const STATUS = {
  invalid_path: 400,
  invalid_transform: 400,
  invalid_key: 400,
  invalid_body: 400,
  invalid_signature: 403,
  expired: 410,
  not_allowed: 403,
  not_found: 404,
  original_not_found: 404,
  method_not_allowed: 405,
  too_large: 413,
  unsupported_original: 415,
  unusable_original: 422,
  aborted: 499,
  internal: 500,
  store_failed: 502,
  overloaded: 503,
  timeout: 504,
} as const satisfies Record<ErrorCode, number>;

const RETRY_AFTER_SECONDS: Partial<Record<ErrorCode, number>> = {
  overloaded: 1,
  store_failed: 5,
  timeout: 5,
};

export function statusOf(code: ErrorCode): number {
  return STATUS[code];
}

/** The answer to a request that failed: JSON, for people and programs. */
export function answerError({ code, message }: MediaError, rules: CacheRules): Answer {
  const status = STATUS[code];
  const retryAfter = RETRY_AFTER_SECONDS[code];
  return answerProblem(
    status,
    { code, message },
    {
      "cache-control": cacheError(status, rules),
      ...(retryAfter !== undefined && { "retry-after": String(retryAfter) }),
      ...(code === "method_not_allowed" && { allow: ALLOWED_METHODS }),
    },
  );
}
