import type { OutputFormat } from "./spec.ts";

/** The formats that a key has by its extension. */
interface Defaults {
  /** Without `f_`. */
  readonly plain: OutputFormat;
  /** Under `f_auto`, for a client that names none of the preferred formats. */
  readonly fallback: OutputFormat;
}

const BY_EXTENSION: Readonly<Record<string, Defaults>> = {
  jpg: { plain: "jpg", fallback: "jpg" },
  jpeg: { plain: "jpg", fallback: "jpg" },
  png: { plain: "png", fallback: "png" },
  webp: { plain: "webp", fallback: "png" },
  avif: { plain: "avif", fallback: "png" },
  gif: { plain: "gif", fallback: "gif" },
};

const OTHERWISE: Defaults = { plain: "webp", fallback: "jpg" };

/** By the text after the last dot of the key's last segment; what the bytes are plays no part. */
export function defaultsOf(key: string): Defaults {
  const name = key.slice(key.lastIndexOf("/") + 1);
  const extension = name.includes(".") ? name.slice(name.lastIndexOf(".") + 1).toLowerCase() : "";
  return (Object.hasOwn(BY_EXTENSION, extension) && BY_EXTENSION[extension]) || OTHERWISE;
}
