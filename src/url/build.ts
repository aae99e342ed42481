import { MediaError } from "../errors.ts";
import { defaultsOf } from "../transform/extension.ts";
import { normalizeTransform } from "../transform/normalize.ts";
import { FENCE, parseTransform, printTransform, recognizeTransform } from "../transform/parse.ts";
import { hasRegisteredName, splitPieces } from "../transform/pieces.ts";
import type { TransformSpec } from "../transform/spec.ts";
import { checkKey, MAX_PATH_BYTES, SIGNATURE_SEGMENT } from "./path.ts";
import { encodeKey, encodeTransform } from "./percent.ts";
import type { VariantPrefix } from "./variant-key.ts";
import { DEFAULT_PREFIX, isUnderRoot } from "./variant-key.ts";

/** First segments that the service answers itself. */
const RESERVED_ROUTES: ReadonlySet<string> = new Set([
  "-",
  "healthz",
  "readyz",
  "favicon.ico",
  "robots.txt",
]);

/**
 * Builds the canonical path of a transform of an original.
 *
 * @example buildPath("photos/a b.jpg", { height: 200, width: 300 }) // "/w_300,h_200/photos/a%20b.jpg"
 * @throws MediaError `invalid_path` for a key that no object can have or whose path is too long,
 * `invalid_transform` for a spec that has wrong values, contradicts itself or leaves the bounds.
 */
export function buildPath(
  key: string,
  spec: TransformSpec,
  prefix: VariantPrefix = DEFAULT_PREFIX,
): string {
  checkKey(key);
  const fence = needsFence(key, prefix) ? `${FENCE}/` : "";
  const text = encodeTransform(printRequestTransform(key, spec));
  const path = `/${text}/${fence}${encodeKey(key)}`;
  if (path.length <= MAX_PATH_BYTES) return path;
  const problem = `a path must have at most ${MAX_PATH_BYTES} bytes, got ${path.length}`;
  throw new MediaError("invalid_path", problem);
}

/** The canonical text of a request: `f_` stays unless the rest does without it. */
function printRequestTransform(key: string, spec: TransformSpec): string {
  const { plain } = defaultsOf(key);
  const checked = parseTransform(printTransform(spec)); // the parser knows every bound
  const format = checked.format ?? plain;
  const canonical = normalizeTransform(checked, format);
  const text = printTransform(canonical);
  const isEnough = text !== "" && recognizeTransform(text).kind === "transform";
  return isEnough && format === plain ? text : printTransform({ ...canonical, format });
}

/**
 * Whether a key could be taken for something else. It is fenced for names that are only kept back too,
 * so that a new option never changes what an old URL means.
 */
function needsFence(key: string, prefix: VariantPrefix): boolean {
  const [first = ""] = key.split("/");
  return (
    first === FENCE ||
    SIGNATURE_SEGMENT.test(first) ||
    RESERVED_ROUTES.has(first) ||
    isUnderRoot(prefix, key) ||
    splitPieces(first).some((piece) => hasRegisteredName(piece))
  );
}
