import { encodeKey } from "../../../url/percent.ts";
import { diagnose } from "../../../store/s3/diagnose.ts";
import type { CheckResult } from "../result.ts";
import { fail, ok, skipped } from "../result.ts";
import type { DoctorTarget } from "../target.ts";
import { createProbe } from "../probe.ts";
import { ask } from "../web.ts";

/**
 * Checks that the CDN at the public URL has `v` in its cache key: fetches an object under one version,
 * replaces it, and fetches it under another version. Old bytes mean that the CDN ignores `v`.
 */
export async function checkCacheKey(target: DoctorTarget): Promise<CheckResult> {
  const check = "v in the cache key";
  const { publicUrl } = target;
  if (publicUrl === undefined) return skipped(check, "PUBLIC_URL is not set");
  const probe = createProbe(target);
  const url = `${publicUrl}/${encodeKey(probe.key("version.png"))}`;
  try {
    await probe.put("version.png");
    const old = probe.getBytes("version.png");
    // twice, so that the cache holds it
    const first = await ask(`${url}?v=1`);
    await ask(`${url}?v=1`);
    if (first.status !== 200 || !first.bytes.equals(old)) {
      return skipped(
        check,
        `PUBLIC_URL answers ${first.status} for a new object, see "public URL"`,
      );
    }
    await probe.put("version.png");
    const renewed = await ask(`${url}?v=2`);
    const kept = await ask(`${url}?v=1`);
    if (renewed.bytes.equals(old)) {
      const message =
        "the CDN ignores v and serves old bytes: visitors would see a replaced image for up to a year";
      return fail(
        check,
        message,
        "add the query string v to its cache key (CloudFront: to the list of the cache policy)",
      );
    }
    if (kept.bytes.equals(old)) return ok(check, "the CDN caches each version on its own");
    return ok(check, "a new version has new bytes; nothing caches there");
  } catch (error) {
    return skipped(check, diagnose(error).message);
  } finally {
    await probe.clear();
  }
}
