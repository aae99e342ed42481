import type { PictureFormat } from "./spec.ts";
import { PICTURE_FORMATS } from "./spec.ts";

/** The format of a key without `f_`: by the text after the last dot, whatever the bytes are. */
export function plainFormat(key: string): PictureFormat {
  return formatOf(key) ?? "webp";
}

/** The format under `f_auto` for a client that names none of the preferred formats. */
export function fallbackFormat(key: string): PictureFormat {
  const plain = formatOf(key) ?? "jpg";
  return plain === "webp" || plain === "avif" ? "png" : plain;
}

function formatOf(key: string): PictureFormat | undefined {
  const extension = /\.([^./]*)$/.exec(key)?.[1]?.toLowerCase();
  return PICTURE_FORMATS.find((format) => format === extension?.replace("jpeg", "jpg"));
}
