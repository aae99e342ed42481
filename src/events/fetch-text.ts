import { readBody } from "../async/body.ts";

/** A certificate has less than 3 kB. */
const MAX_BYTES = 32 * 1024;
const TIMEOUT_MS = 5000;

/** Fetches a short text. Rejects if that fails, takes too long, or is redirected, and for a longer text. */
export async function fetchText(url: string): Promise<string> {
  const { host } = new URL(url); // errors are logged, and the rest of the URL may have a token
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(url, { redirect: "error", signal });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`${host} answered ${response.status}`);
  }
  const { bytes, isWhole } = await readBody(response.body, MAX_BYTES);
  if (!isWhole) throw new Error(`${host} answered over ${MAX_BYTES} bytes`);
  return new TextDecoder().decode(bytes);
}
