import { fileTypeFromBuffer } from "file-type";
import { INPUTS, sniffFormat } from "../input/formats.ts";
import type { Facts } from "./facts.ts";

/** Types are told by this many of the first bytes. */
export const TYPE_BYTES: number = 64 * 1024;

const UNKNOWN = { type: "application/octet-stream", extension: "bin" } as const;
const SVG = { type: "image/svg+xml", extension: "svg" } as const;

/** Tells the type of any file by its first `TYPE_BYTES`; its name plays no part. */
export async function sniffType(start: Uint8Array): Promise<Pick<Facts, "type" | "extension">> {
  const format = sniffFormat(start);
  if (format) return { type: INPUTS[format].mediaType, extension: INPUTS[format].extensions[0] };
  try {
    const found = await fileTypeFromBuffer(start);
    if (found && found.mime !== "application/xml")
      return { type: found.mime, extension: found.ext };
  } catch {
    // a file that breaks off where it should go on
  }
  return isSvg(start) ? SVG : UNKNOWN;
}

/** The root element of XML, after declarations and comments. */
function isSvg(start: Uint8Array): boolean {
  const text = Buffer.from(start.subarray(0, 4096)).toString("utf8");
  return /^\uFEFF?\s*(?:<\?[^>]*>\s*|<!--[^>]*>\s*|<!DOCTYPE[^>]*>\s*)*<(?:\w+:)?svg[\s>]/i.test(
    text,
  );
}
