/** What one check has come to. */
export interface Finding {
  readonly check: string;
  readonly status: "ok" | "warn" | "fail" | "skipped";
  /** In plain words. */
  readonly says: string;
  /** What mends it. */
  readonly remedy?: string;
}

/** Checks that belong together, and what they find, as they find it. */
export type Findings = AsyncGenerator<Finding>;

export function ok(check: string, says: string): Finding {
  return { check, status: "ok", says };
}

export function warn(check: string, says: string, remedy: string): Finding {
  return { check, status: "warn", says, remedy };
}

export function fail(check: string, says: string, remedy: string): Finding {
  return { check, status: "fail", says, remedy };
}

export function skipped(check: string, says: string): Finding {
  return { check, status: "skipped", says };
}
