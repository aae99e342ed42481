import type { ErrorCode } from "../../errors.ts";

/** The status of every error; a code without one does not compile. */
export const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid_request: 400,
  invalid_path: 400,
  invalid_transform: 400,
  invalid_key: 400,
  invalid_body: 400,
  unauthorized: 401,
  invalid_signature: 403,
  expired: 410,
  not_allowed: 403,
  not_found: 404,
  original_not_found: 404,
  method_not_allowed: 405,
  precondition_failed: 412,
  too_large: 413,
  unsupported_original: 415,
  range_not_satisfiable: 416,
  unusable_original: 422,
  aborted: 499,
  internal: 500,
  store_failed: 502,
  overloaded: 503,
  timeout: 504,
};
