import { fallbackFormat, plainFormat } from "./extension.ts";
import type { OutputFormat } from "./spec.ts";

/** What the client is told about the bytes of each format. */
export const CONTENT_TYPES: Readonly<Record<OutputFormat, string>> = {
  jpg: "image/jpeg",
  png: "image/png",
  webp: "image/webp",
  avif: "image/avif",
  gif: "image/gif",
  json: "application/json",
  thumbhash: "text/plain",
  blurhash: "text/plain",
};

/** Formats that are worth offering to a client that names them. */
export type PreferredFormat = "avif" | "webp";

interface Negotiation {
  /** The request's `Accept` header; only types that it names count, `image/*` offers nothing. */
  readonly accept: string | undefined;
  /** The formats to choose from under `f_auto`, best first. */
  readonly preference: readonly PreferredFormat[];
}

/**
 * Settles on one concrete format before any store is asked.
 */
export function negotiateFormat(
  asked: OutputFormat | "auto" | undefined,
  key: string,
  { accept, preference }: Negotiation,
): OutputFormat {
  if (asked === undefined) return plainFormat(key);
  if (asked !== "auto") return asked;
  const offered = parseAccept(accept ?? "");
  return preference.find((format) => offered.has(CONTENT_TYPES[format])) ?? fallbackFormat(key);
}

/** The media types that an `Accept` header names with a quality above zero (RFC 9110, 12.5.1). */
function parseAccept(accept: string): ReadonlySet<string> {
  const types = accept.split(",").flatMap((range) => {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
    return Number(quality) > 0 ? [type] : [];
  });
  return new Set(types);
}
