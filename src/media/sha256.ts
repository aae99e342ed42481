/** Bytes are never in shared memory here, although their type allows it. */
export function asUnshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  // oxlint-disable-next-line typescript/no-unnecessary-type-assertion -- needed where Node has no types
  return bytes as Uint8Array<ArrayBuffer>;
}

/** In hexadecimal digits. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", asUnshared(bytes));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
