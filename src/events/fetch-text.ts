/** A certificate has less than 3 kB. */
const MAX_BYTES = 32 * 1024;
const TIMEOUT_MS = 5000;

/** Fetches a short text; rejects when that fails, takes too long, leads elsewhere, or is too long. */
export async function fetchText(url: string): Promise<string> {
  const { host } = new URL(url); // the rest may have a token in it, and errors are logged
  const response = await fetch(url, {
    redirect: "error",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const { body } = response;
  if (!response.ok || !body) {
    await body?.cancel();
    throw new Error(`${host} answered ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_BYTES) throw new Error(`${host} answered over ${MAX_BYTES} bytes`);
  }
  return Buffer.concat(chunks).toString();
}
