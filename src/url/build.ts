import { getKeyFormat } from "../transform/negotiate.ts";
import { splitPieces, isReservedName } from "../transform/names.ts";
import { normalizeImage } from "../transform/normalize.ts";
import { FIELDS, OPTIONS, printTransform } from "../transform/options.ts";
import type { TransformSpec } from "../transform/spec.ts";
import type { Transform } from "../transform/transform.ts";
import { toSpec } from "../transform/transform.ts";
import { checkKeyText } from "./key.ts";
import { encodeKey, encodeTransform } from "./percent.ts";
import { isUnderRoot } from "./variant-key.ts";

/** First segments that are no part of a key: the fence, signatures, what the service answers itself. */
const SPECIAL = /^(?:_|s--.*--|-|healthz|readyz|favicon\.ico|robots\.txt)$/s;

export interface PathOptions {
  /** The folder that all variants are in, with its slash. Default: `variants/`. */
  readonly variantsRoot?: string | undefined;
  /** `%2C` for programs that split a `srcset` at every comma. */
  readonly comma?: "," | "%2C" | undefined;
  /** Signs the decoded text of the path, without its first slash. */
  readonly sign?: ((text: string) => string) | undefined;
}

/**
 * Builds the path of an original under a transform, in canonical spelling, or without one that of the
 * original itself. Presets stay names: the service knows what they stand for.
 *
 * @example buildPath("photos/a b.jpg", { height: 200, width: 300 }) // "/w_300,h_200/photos/a%20b.jpg"
 * @throws MediaError `invalid_path` for a key that cannot be part of a URL. The values of a transform are
 * not checked.
 */
export function buildPath(
  key: string,
  transform: Transform | undefined,
  { variantsRoot = "variants/", comma = ",", sign }: PathOptions = {},
): string {
  checkKeyText(key);
  const text = transform ? `${printRequest(key, transform)}/` : "";
  const fence = needsFence(key, variantsRoot) ? "_/" : "";
  const signature = sign ? `/s--${sign(text + fence + key)}--` : "";
  const encoded = encodeTransform(text).replaceAll(",", comma);
  return `${signature}/${encoded}${fence}${encodeKey(key)}`;
}

/** The canonical text of a request: `f_` stays unless the rest does without it. */
export function printRequest(key: string, transform: Transform): string {
  const spec = toSpec(transform);
  return spec.presets ? printTransform(spec) : printCanonical(key, spec);
}

/** The same of a spec whose presets are expanded. */
export function printCanonical(key: string, { expires, ...spec }: TransformSpec): string {
  const plain = getKeyFormat(key);
  const format = spec.format ?? plain;
  const canonical = normalizeImage(spec, format);
  const isImplied = format === plain && isReadAsTransform(canonical);
  return printTransform({
    ...canonical,
    ...(!isImplied && { format }),
    ...(expires && { expires }),
  });
}

/** True when the text of a spec is read as a transform, and not as a folder. */
function isReadAsTransform(spec: TransformSpec): boolean {
  const hasPrimary = FIELDS.some(
    (field) => spec[field] !== undefined && !OPTIONS[field].isSecondary,
  );
  return hasPrimary || printTransform(spec).includes(",");
}

/**
 * Tells whether a key could be taken for something else. It is fenced for names that are only kept back too,
 * so that a new option never changes what an old URL means.
 */
function needsFence(key: string, variantsRoot: string): boolean {
  const [first = ""] = key.split("/");
  return (
    SPECIAL.test(first) ||
    isUnderRoot(variantsRoot, key) ||
    splitPieces(first).some((piece) => isReservedName(piece))
  );
}
