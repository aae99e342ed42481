/** The shortest secret that is taken, in bytes of UTF-8. */
export const MIN_SECRET_BYTES = 16;

/** 132 bits of an HMAC are as good as all of it; shorter ones are refused. */
const SIGNATURE = /^[A-Za-z\d_-]{22,43}$/;

/** Says whether a signature is that of a text. */
export type Verify = (signature: string, text: string) => Promise<boolean>;

/**
 * Makes the check of signatures: base64url of the HMAC-SHA256 of the decoded path, of which at least 22
 * characters are given. Any of the secrets will do, so that they can be changed one by one.
 */
export function createVerify(secrets: readonly string[]): Verify {
  const keys = secrets.map(importKey);
  return async (signature, text) => {
    if (!SIGNATURE.test(signature)) return false;
    const bytes = new TextEncoder().encode(text);
    const right = await Promise.all(
      keys.map(async (key) => encode(await crypto.subtle.sign("HMAC", await key, bytes))),
    );
    // all are compared, whichever is the right one
    return right.filter((candidate) => isPrefix(signature, candidate)).length > 0;
  };
}

type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

function importKey(secret: string): Promise<Key> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return crypto.subtle.importKey("raw", new TextEncoder().encode(secret), algorithm, false, [
    "sign",
  ]);
}

function encode(digest: ArrayBuffer): string {
  const text = btoa(String.fromCodePoint(...new Uint8Array(digest)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace("=", "");
}

/** Takes the same time wherever the first difference is. */
function isPrefix(given: string, whole: string): boolean {
  let difference = 0;
  for (let index = 0; index < given.length; index += 1) {
    difference |= given.charCodeAt(index) ^ whole.charCodeAt(index);
  }
  return difference === 0;
}
