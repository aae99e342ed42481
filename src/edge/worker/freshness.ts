import { LRUCache } from "lru-cache";
import type { VariantRequest } from "../../request/request.ts";
import type { Hit } from "./hit.ts";
import { askOrigin } from "./origin.ts";
import type { EdgeSettings } from "./settings.ts";

const MAX_KNOWN = 10_000;

/** Sees to it that variants of replaced originals are made anew, behind the answers. */
export interface Freshness {
  /** Asks, unless it has been asked within the TTL; to be waited for after the answer. */
  check(request: VariantRequest, hit: Hit, target: string): Promise<void>;
}

/**
 * A variant is trusted for the TTL from when it was stored or last asked about here. Then, behind one
 * answer, its original is asked for its ETag, in R2 if that is bound; and only if that is another one, or
 * cannot be seen from here, the service is asked, which checks by itself and makes the variant anew.
 */
export function createFreshness(settings: EdgeSettings): Freshness {
  const asked = new LRUCache<string, number>({ max: MAX_KNOWN });
  const { isChecked, ttlMs } = settings.freshness;
  return {
    check: async (request, hit, target) => {
      const { variantKey } = request;
      const now = settings.rules.now();
      const last = Math.max(asked.get(variantKey) ?? 0, hit.object.uploaded.getTime());
      if (!isChecked || now - last < ttlMs) return;
      asked.set(variantKey, now);
      if (await isCurrent(settings, request, hit)) return;
      const headers = new Headers({ accept: `image/${request.format}` });
      const answer = await askOrigin(settings, {
        method: "HEAD",
        target,
        headers,
        isConditional: false,
      });
      await answer.body?.cancel();
    },
  };
}

async function isCurrent(
  { originals }: EdgeSettings,
  { key }: VariantRequest,
  { info }: Hit,
): Promise<boolean> {
  if (!originals) return false;
  return (await originals.head(key))?.httpEtag === info.sourceEtag;
}
