import { cutTrailingSlashes } from "./percent.ts";
import type { Transform } from "../transform/transform.ts";
import type { PathOptions } from "./build.ts";
import { buildPath } from "./build.ts";

export interface UrlOptions extends PathOptions {
  /** Where the service is, with its base path if it has one: `https://img.example.com/i`. */
  readonly baseUrl: string;
}

/** One candidate for each width in pixels, or for each pixel ratio. */
export type Candidates =
  | { readonly widths: readonly number[]; readonly densities?: undefined }
  | { readonly densities?: readonly number[] | undefined; readonly widths?: undefined };

/**
 * Builds the URL of an original under a transform. The small half of `createUrls`: values are left to
 * their types, and what is wrong all the same is refused by the service.
 */
export function buildUrl(
  key: string,
  transform: Transform | undefined,
  options: UrlOptions,
): string {
  return cutTrailingSlashes(options.baseUrl) + buildPath(key, transform, options);
}

/** Builds a `srcset`. With widths, a transform of two sides keeps their ratio. */
export function buildSrcset(
  key: string,
  transform: Transform,
  options: UrlOptions & Candidates,
): string {
  return printCandidates((candidate) => buildUrl(key, candidate, options), transform, options);
}

/** Prints a `srcset` with the URLs of what each candidate takes. */
export function printCandidates(
  buildCandidate: (transform: Transform) => string,
  transform: Transform,
  { widths, densities = [1, 2] }: Candidates,
): string {
  const candidates = widths
    ? widths.map((width) => `${buildCandidate(resizeTo(transform, width))} ${width}w`)
    : densities.map((dpr) => `${buildCandidate({ ...transform, dpr })} ${dpr}x`);
  return candidates.join(", ");
}

/** The transform with another width, and the height that goes with it. */
export function resizeTo(transform: Transform, width: number): Transform {
  const { width: w, height: h, ...rest } = transform as { width?: number; height?: number };
  const shape = w && h ? { aspectRatio: { width: w, height: h } } : {};
  return { ...rest, ...shape, width, dpr: undefined };
}
