import type { ByteRange } from "./ranges.ts";
import { readRange } from "./ranges.ts";

/** The parts of a request that select how much of a body is answered. */
export interface Conditional {
  readonly method: string;
  readonly header: (name: string) => string | undefined;
}

/** The facts that conditions are checked against. */
export interface Representation {
  /** In double quotes; strong. */
  readonly etag: string;
  /** In bytes. */
  readonly size: number;
}

export type Selection =
  | { readonly kind: "whole" }
  | { readonly kind: "part"; readonly range: ByteRange }
  | { readonly kind: "not_modified" }
  | { readonly kind: "precondition_failed" }
  | { readonly kind: "unsatisfiable" };

/**
 * Evaluates the preconditions of a GET or HEAD, and its range, in the order of RFC 9110, 13.2.2. Dates are
 * ignored: no answer has a `Last-Modified`.
 */
export function selectBody(request: Conditional, there: Representation): Selection {
  return checkConditions(request, there) ?? selectPart(request, there);
}

/** Evaluates the preconditions alone; `undefined` when they are met, or there are none. */
export function checkConditions(
  { header }: Conditional,
  { etag }: Pick<Representation, "etag">,
): Extract<Selection, { kind: "not_modified" | "precondition_failed" }> | undefined {
  const ifMatch = header("if-match");
  if (ifMatch !== undefined && !matchesStrongly(ifMatch, etag)) {
    return { kind: "precondition_failed" };
  }
  const ifNoneMatch = header("if-none-match");
  return ifNoneMatch !== undefined && matchesWeakly(ifNoneMatch, etag)
    ? { kind: "not_modified" }
    : undefined;
}

/** Ranges are defined for GET only. `If-Range` names the bytes that the range is of. */
function selectPart({ method, header }: Conditional, { etag, size }: Representation): Selection {
  const range = method === "GET" ? readRange(header("range"), size) : undefined;
  const ifRange = header("if-range");
  // dates and weak ETags are not validators here, so the whole body is sent
  const isOfOther = ifRange !== undefined && (ifRange.trim() !== etag || etag.startsWith("W/"));
  if (range === undefined || isOfOther) return { kind: "whole" };
  return range === "unsatisfiable" ? { kind: "unsatisfiable" } : { kind: "part", range };
}

/** Compares with the ETags of `If-None-Match` (RFC 9110, 13.1.2: weak comparison). */
function matchesWeakly(list: string, etag: string): boolean {
  const opaque = etag.replace(/^W\//, "");
  return list.trim() === "*" || splitTags(list).some((tag) => tag.replace(/^W\//, "") === opaque);
}

/** Compares with the ETags of `If-Match` (RFC 9110, 13.1.1: strong comparison). */
function matchesStrongly(list: string, etag: string): boolean {
  return list.trim() === "*" || (!etag.startsWith("W/") && splitTags(list).includes(etag));
}

function splitTags(list: string): readonly string[] {
  return list.match(/(?:W\/)?"[^"]*"/g) ?? [];
}
