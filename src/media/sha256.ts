/** In hexadecimal digits. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  // never shared memory, although the type allows it
  // oxlint-disable-next-line typescript/no-unnecessary-type-assertion -- it is one where Node has no types
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
