/** The kinds of failures. The HTTP layer has one status for each. */
export type ErrorCode =
  /** Its headers, not its path. */
  | "invalid_request"
  | "invalid_path"
  | "invalid_transform"
  | "unauthorized"
  | "invalid_signature"
  | "expired"
  | "not_allowed"
  | "not_found"
  | "original_not_found"
  | "method_not_allowed"
  | "invalid_key"
  | "invalid_body"
  | "precondition_failed"
  | "too_large"
  | "unsupported_original"
  | "range_not_satisfiable"
  | "unusable_original"
  | "overloaded"
  | "store_failed"
  | "timeout"
  /** The client has gone before its answer. */
  | "aborted"
  | "internal";

/** The status of an answer for every error; a code without one does not compile. */
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

/**
 * The error of this package. `message` is for the client: it names what was wrong and what was expected. `cause` is
 * for the log, and is never sent.
 */
export class MediaError extends Error {
  override readonly name = "MediaError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The error of a transform that is not valid. */
export function invalidTransform(message: string): MediaError {
  return new MediaError("invalid_transform", message);
}

/** The error of a bound that is reached for the moment. */
export function overloaded(problem: string): MediaError {
  return new MediaError("overloaded", `${problem}, try again later`);
}

/** The error of a transform that would wait behind too many others. */
export function tooManyTransforms(): MediaError {
  return overloaded("too many images are being made");
}
