import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

const TAG_BYTES = 8;

/**
 * A short name for all that there is of one original, for a CDN's purge by tag. Web Crypto would hash it too, but
 * on another thread: for so few bytes the way there takes a hundred times as long.
 */
export function cacheTag(key: string): string {
  return bytesToHex(sha256(new TextEncoder().encode(key)).subarray(0, TAG_BYTES));
}
