import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

const TAG_BYTES = 8;

/**
 * Hashes a key to a short tag, by which a CDN purges everything of one original. Web Crypto hashes on another thread,
 * which takes a hundred times as long for so few bytes.
 */
export function toCacheTag(key: string): string {
  return bytesToHex(sha256(new TextEncoder().encode(key)).subarray(0, TAG_BYTES));
}
