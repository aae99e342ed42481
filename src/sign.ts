import { createHmac } from "node:crypto";
import { MediaError } from "./errors.ts";
import { MIN_SECRET_BYTES } from "./url/signature.ts";

/**
 * Makes the `sign` of `createUrls`, for Node: base64url of the HMAC-SHA256 of a decoded path. Not for
 * browsers, which would give the secret away.
 *
 * @param secrets what the service has as SIGNING_SECRETS: one, or several with commas, of which the
 * first one signs
 * @example createUrls({ baseUrl, sign: createSigner(process.env.SIGNING_SECRETS) })
 * @throws MediaError `invalid_signature` for a secret of less than 16 bytes, or none
 */
export function createSigner(secrets: string | undefined): (text: string) => string {
  const [secret] = (secrets ?? "").split(/[\s,]+/).filter(Boolean);
  if (Buffer.byteLength(secret ?? "") < MIN_SECRET_BYTES) {
    const problem = `the secret must have at least ${MIN_SECRET_BYTES} bytes`;
    throw new MediaError("invalid_signature", problem);
  }
  return (text) => createHmac("sha256", String(secret)).update(text).digest("base64url");
}
