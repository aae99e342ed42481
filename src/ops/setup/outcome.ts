import { diagnose } from "../../store/s3/diagnose.ts";
import { UsageError } from "../usage-error.ts";

/** The result of one step. */
export interface SetupOutcome {
  /** The kind of setting. */
  readonly step: string;
  readonly bucket: string;
  /** `skipped` was not tried, because an earlier step failed. */
  readonly status: "unchanged" | "changed" | "created" | "failed" | "skipped";
  /** The reason of a failure, or a remark. */
  readonly message?: string;
}

export function explainFailure(error: unknown): string {
  if (error instanceof UsageError) return error.message;
  const { message, remedy, problem } = diagnose(error);
  if (problem !== "denied") return `${message}: ${remedy}`;
  return `${message}: use the credentials of an administrator`;
}

/** Problems that every step would have. */
const FATAL: ReadonlySet<string> = new Set([
  "no_credentials",
  "unknown_key",
  "wrong_secret",
  "expired_token",
  "wrong_clock",
  "not_s3",
  "no_name",
  "no_connection",
  "no_trust",
]);

/** True when every later step would fail for the same reason. */
export function failsEverything(error: unknown): boolean {
  if (error instanceof UsageError) return false;
  return FATAL.has(diagnose(error).problem);
}
