import { MediaError } from "../errors.ts";
import type { Originals } from "../media/originals.ts";
import type { OriginalRequest } from "../media/request.ts";
import { encodeKey } from "../url/percent.ts";
import type { CacheRules } from "./cache-control.ts";
import { cacheShortly } from "./cache-control.ts";
import { isUnchanged } from "./answers.ts";

export interface OriginalDeps {
  readonly originals: Originals;
  /** The media type of a picture that may be shown as it is, by its bytes. */
  readonly identify: (bytes: Uint8Array) => string | undefined;
  /** Where originals can be fetched by key, without its last slash; then they are not read here. */
  readonly originalsUrl: string | undefined;
  readonly cache: CacheRules;
  readonly storeTimeoutMs: number;
}

/**
 * Answers a request for an original as it is: with its bytes, when they are those of a picture, whatever
 * type they were stored with.
 *
 * @throws MediaError `original_not_found`, `unsupported_original`, `too_large`, and what the store throws
 */
export async function respondOriginal(
  deps: OriginalDeps,
  { key, hint }: OriginalRequest,
  { method, headers }: Pick<Request, "method" | "headers">,
): Promise<Response> {
  if (deps.originalsUrl !== undefined) {
    const location = `${deps.originalsUrl}/${encodeKey(key)}`;
    const redirect = { location, "cache-control": cacheShortly(deps.cache), "content-length": "0" };
    return new Response(null, { status: 302, headers: redirect });
  }
  const asked = headers.get("if-none-match") ?? "";
  const common = { "cache-control": cacheShortly(deps.cache) };
  const notModified = ({ etag }: { readonly etag: string }): Response =>
    new Response(null, { status: 304, headers: { ...common, etag } });
  const signal = AbortSignal.timeout(deps.storeTimeoutMs);
  const known = await deps.originals.peek(key, signal);
  if (known && isUnchanged(asked, known)) return notModified(known);
  return deps.originals.use(key, { known, signal }, async (original) => {
    if (original.kind === "missing") throw missing(key, hint);
    const { bytes, info } = original;
    const type = deps.identify(bytes);
    if (!type) {
      throw new MediaError("unsupported_original", "only pictures are given out as they are");
    }
    if (isUnchanged(asked, info)) return notModified(info);
    const described = { ...common, etag: info.etag, "content-type": type };
    // never shared memory, although the type allows it
    const body = method === "HEAD" ? null : (bytes as Uint8Array<ArrayBuffer>);
    return new Response(body, {
      headers: { ...described, "content-length": String(bytes.length) },
    });
  });
}

function missing(key: string, hint: string | undefined): MediaError {
  const problem = `there is no original "${key}"`;
  return new MediaError("original_not_found", hint ? `${problem}; ${hint}` : problem);
}
