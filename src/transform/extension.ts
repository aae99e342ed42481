import type { ImageFormat } from "./spec.ts";
import { IMAGE_FORMATS } from "./spec.ts";

/** The format of a key without `f_`: by the text after the last dot, whatever the bytes are. */
export function plainFormat(key: string): ImageFormat {
  return formatOf(key) ?? "webp";
}

/** The format under `f_auto` for a client that names none of the preferred formats. */
export function fallbackFormat(key: string): ImageFormat {
  const plain = formatOf(key) ?? "jpg";
  return plain === "webp" || plain === "avif" ? "png" : plain;
}

function formatOf(key: string): ImageFormat | undefined {
  const extension = /\.([^./]*)$/.exec(key)?.[1]?.toLowerCase();
  return IMAGE_FORMATS.find((format) => format === extension?.replace("jpeg", "jpg"));
}
