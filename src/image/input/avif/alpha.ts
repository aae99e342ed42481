import { findBox, walkBoxes } from "./boxes.ts";
import { readAvifProperties, readUnsigned, VERSION_BYTES } from "./properties.ts";

/** True if the colours of an AVIF are multiplied by its alpha: a reference says so (ISO/IEC 23000-22, 7.3.5.2). */
export function hasPremultipliedAlpha(bytes: Uint8Array): boolean {
  const properties = readAvifProperties(bytes);
  if (!properties) return false;
  const { meta, item } = properties;
  const iref = findBox(walkBoxes(bytes, meta.content + VERSION_BYTES, meta.end), "iref");
  if (!iref) return false;
  const idBytes = bytes[iref.content] ? 4 : 2;
  for (const { type, content } of walkBoxes(bytes, iref.content + VERSION_BYTES, iref.end)) {
    if (type === "prem" && readUnsigned(bytes, content, idBytes) === item) return true;
  }
  return false;
}
