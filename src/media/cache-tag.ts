import { LRUCache } from "lru-cache";
import { sha256 } from "./sha256.ts";

const TAG_LENGTH = 16;
const MAX_KNOWN = 5000;

/** They never change, and every answer has one: a redirect is not to wait for a hash. */
const known = new LRUCache<string, string>({ max: MAX_KNOWN });

/** A short name for all that there is of one original, for a CDN's purge by tag. */
export async function cacheTag(key: string): Promise<string> {
  const found = known.get(key);
  if (found !== undefined) return found;
  const tag = (await sha256(new TextEncoder().encode(key))).slice(0, TAG_LENGTH);
  known.set(key, tag);
  return tag;
}
