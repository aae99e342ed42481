/** The result of one check. */
export interface CheckResult {
  readonly check: string;
  readonly status: "ok" | "warn" | "fail" | "skipped";
  /** A sentence for operators. */
  readonly message: string;
  /** The next thing to do. */
  readonly fix?: string;
}

/** The results of checks that belong together, in their order. */
export type CheckResults = AsyncGenerator<CheckResult>;

export function ok(check: string, message: string): CheckResult {
  return { check, status: "ok", message };
}

export function warn(check: string, message: string, fix: string): CheckResult {
  return { check, status: "warn", message, fix };
}

export function fail(check: string, message: string, fix: string): CheckResult {
  return { check, status: "fail", message, fix };
}

export function skipped(check: string, message: string): CheckResult {
  return { check, status: "skipped", message };
}
