import { defaultsOf } from "../transform/extension.ts";
import { normalizeTransform } from "../transform/normalize.ts";
import { printTransform } from "../transform/parse.ts";
import { hasRegisteredName, splitPieces } from "../transform/pieces.ts";
import type { TransformSpec } from "../transform/spec.ts";
import { checkKey, FENCE } from "./path.ts";
import { encodeKey, encodeTransform } from "./percent.ts";
import type { VariantPrefix } from "./variant-key.ts";
import { DEFAULT_PREFIX } from "./variant-key.ts";

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
 * @throws MediaError `invalid_path` for a key that no object can have, `invalid_transform` for a spec
 * that contradicts itself or leaves the bounds.
 */
export function buildPath(
  key: string,
  spec: TransformSpec,
  prefix: VariantPrefix = DEFAULT_PREFIX,
): string {
  checkKey(key);
  const fence = needsFence(key, prefix) ? `${FENCE}/` : "";
  return `/${encodeTransform(printRequestTransform(key, spec))}/${fence}${encodeKey(key)}`;
}

/** The canonical text of a request: `f_` stays unless the key's extension says the same. */
function printRequestTransform(key: string, spec: TransformSpec): string {
  const { plain } = defaultsOf(key);
  const format = spec.format ?? plain;
  const canonical = normalizeTransform(spec, format);
  const text = printTransform(canonical);
  if (text !== "" && format === plain) return text;
  return printTransform({ ...canonical, format });
}

/**
 * Whether a key could be taken for something else. It is fenced for names that are only kept back too,
 * so that a new option never changes what an old URL means.
 */
function needsFence(key: string, { root }: VariantPrefix): boolean {
  const [first = ""] = key.split("/");
  return (
    first === FENCE ||
    first.startsWith("s--") ||
    RESERVED_ROUTES.has(first) ||
    `${key}/`.startsWith(root) ||
    splitPieces(first).some((piece) => hasRegisteredName(piece))
  );
}
