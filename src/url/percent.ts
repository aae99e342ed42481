const ESCAPED_RUN = /(?:%[\da-fA-F]{2})+/g;

/** A cheap check for runs that can be whole characters: throwing and catching a URIError is slow. */
const PLAUSIBLE = /^(?:%[0-7].|%[c-f].(?:%[89ab].){1,3})+$/i;

/**
 * Decodes a path segment once. Each run of `%XX` is decoded as UTF-8 as a whole or, where that is
 * impossible, stays as it is; a stray `%` is literal, and `+` is a plus.
 */
export function decodeSegment(segment: string): string {
  return segment.replaceAll(ESCAPED_RUN, (run) => {
    if (!PLAUSIBLE.test(run)) return run;
    try {
      return decodeURIComponent(run);
    } catch {
      return run; // not UTF-8: literal, as documented
    }
  });
}

/** Encodes a key for a URL, all but its slashes; strictly, since S3 reads a raw `+` as a space. */
export function encodeKey(key: string): string {
  return key.split("/").map(encodeSegment).join("/");
}

/** Encodes one path segment, and with it the sub-delimiters that `encodeURIComponent` leaves. */
export function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Encodes the canonical text of a transform; `,` and `:` are safe in a path and stay readable. */
export function encodeTransform(text: string): string {
  return encodeKey(text).replaceAll("%2C", ",").replaceAll("%3A", ":");
}

/** Removes the slashes at the end of a URL, so that a path can follow. */
export function cutTrailingSlashes(url: string): string {
  return url.replace(/\/+$/, "");
}
