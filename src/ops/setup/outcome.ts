import { diagnose } from "../../store/s3/diagnose.ts";
import { MediaError } from "../../errors.ts";

/** What has become of one step. */
export interface Outcome {
  readonly step: string;
  /** What it is of: a bucket, a user, a group. */
  readonly of: string;
  /** `skipped` is what was not tried, as something before it has failed. */
  readonly status: "unchanged" | "changed" | "created" | "failed" | "skipped";
  /** Why it failed, or what else there is to say. */
  readonly says?: string;
}

/** Why a step has failed, in plain words. */
export function explainFailure(error: unknown): string {
  if (error instanceof MediaError) return error.message;
  const { message: says, remedy, problem } = diagnose(error);
  if (problem !== "denied") return `${says}: ${remedy}`;
  return `${says}: these credentials may not do that; it takes those of an administrator`;
}

const HOPELESS: ReadonlySet<string> = new Set([
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

/** Whether everything that comes after it would fail in the same way. */
export function isHopeless(error: unknown): boolean {
  return !(error instanceof MediaError) && HOPELESS.has(diagnose(error).problem);
}
