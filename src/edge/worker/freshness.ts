import { LRUCache } from "lru-cache";
import { isOutdated, nameSource } from "../../media/variant.ts";
import type { Hit } from "./hit.ts";
import { askOrigin } from "./origin.ts";
import type { EdgeSettings } from "./settings.ts";

/** Variants whose last check is remembered. */
const MAX_KNOWN = 10_000;

/** Has variants of replaced originals made again, after the answer. */
export interface FreshnessChecks {
  /** Checks a variant unless it was checked within the TTL; call it after the answer. */
  check(hit: Hit, target: string): Promise<void>;
}

/**
 * A variant is trusted for the TTL after it was stored or last checked here. Then the ETag of its original is
 * read from R2, if it is bound. If the ETag differs or cannot be read, the service is asked: it checks by itself,
 * and makes the variant again. It does so with one of an older recipe, too.
 */
export function createFreshnessChecks(settings: EdgeSettings): FreshnessChecks {
  const asked = new LRUCache<string, number>({ max: MAX_KNOWN });
  const { isChecked, ttlMs } = settings.freshness;
  return {
    check: async (hit, target) => {
      const { request, info, object } = hit;
      const { variantKey } = request;
      const now = settings.rules.now();
      const isOld = isOutdated(info);
      const last = Math.max(asked.get(variantKey) ?? 0, isOld ? 0 : object.uploaded.getTime());
      if ((!isChecked && !isOld) || now - last < ttlMs) return;
      asked.set(variantKey, now);
      if (!isOld && (await isCurrent(settings, hit))) return;
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

async function isCurrent({ originals }: EdgeSettings, { request, info }: Hit): Promise<boolean> {
  const original = await originals?.head(request.key);
  if (!original) return false;
  const { httpEtag: etag, customMetadata: metadata = {} } = original;
  return nameSource({ etag, metadata }, request) === info.source;
}
