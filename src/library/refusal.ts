import { MediaError } from "../errors.ts";
import type { ErrorCode } from "../errors.ts";

/**
 * Why the library did not do what a user asked for. `too_large`: too many bytes or pixels. `unsupported`: a type that
 * the collection does not accept. `unusable`: empty, damaged, or not as long as declared. `quota`: the owner has no
 * room left. `refused_by_scan`: the hook `scan` said no. `invalid_metadata`: the schema said no. `invalid_key`: no
 * file can have this key. `exists`: there is a file under the key. `not_found`: there is none.
 */
export type RefusalCode =
  | "too_large"
  | "unsupported"
  | "unusable"
  | "quota"
  | "refused_by_scan"
  | "invalid_metadata"
  | "invalid_key"
  | "exists"
  | "not_found";

/** The answer to a user whose file or wish was refused; nothing has changed. */
export interface Refusal {
  readonly ok: false;
  readonly code: RefusalCode;
  /** For the user: what was wrong, and what was expected. */
  readonly message: string;
}

/** Ends an operation with a refusal; it never leaves the library. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Errors of the rest of the package that are about what a user sent. */
const CODES: Readonly<Partial<Record<ErrorCode, RefusalCode>>> = {
  too_large: "too_large",
  unsupported_original: "unsupported",
  unusable_original: "unusable",
  invalid_path: "invalid_key",
  invalid_key: "invalid_key",
};

/** Gives refusals as values; faults stay errors. */
export async function orRefusal<T>(work: Promise<T>): Promise<T | Refusal> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Refused) return { ok: false, code: error.code, message: error.message };
    const code = error instanceof MediaError ? CODES[error.code] : undefined;
    if (code === undefined || !(error instanceof Error)) throw error;
    return { ok: false, code, message: error.message };
  }
}
