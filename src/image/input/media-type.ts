import type { InputFormat } from "./admit.ts";
import { sniffFormat } from "./sniff.ts";

const MEDIA_TYPES: Readonly<Record<InputFormat, string>> = {
  jpeg: "image/jpeg",
  png: "image/png",
  webp: "image/webp",
  gif: "image/gif",
  avif: "image/avif",
};

/** The media type of an image that browsers show and do not run; `undefined` for anything else. */
export function identifyImage(bytes: Uint8Array): string | undefined {
  const format = sniffFormat(bytes) ?? "";
  return Object.hasOwn(MEDIA_TYPES, format) ? MEDIA_TYPES[format as InputFormat] : undefined; // hasOwn has just said so
}
