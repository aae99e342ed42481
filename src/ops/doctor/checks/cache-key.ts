import { encodeKey } from "../../../url/percent.ts";
import { diagnose } from "../../../store/s3/diagnose.ts";
import type { Finding } from "../result.ts";
import { fail, ok, skipped } from "../result.ts";
import type { Patient } from "../target.ts";
import { createProbe } from "../probe.ts";
import { ask } from "../web.ts";

/**
 * Whether two versions of one URL are two things to the CDN at the public URL. An object is fetched under
 * one version, replaced, and fetched under another: whoever then gives the old bytes does not look at `v`.
 */
export async function checkCacheKey(patient: Patient): Promise<Finding> {
  const check = "v in the cache key";
  const { publicUrl } = patient;
  if (publicUrl === undefined) return skipped(check, "there is no PUBLIC_URL");
  const probe = createProbe(patient);
  const url = `${publicUrl}/${encodeKey(probe.key("version.png"))}`;
  try {
    await probe.put("version.png");
    const old = probe.bytesOf("version.png");
    // twice: what a cache keeps on the first it gives on the second
    const first = await ask(`${url}?v=1`);
    await ask(`${url}?v=1`);
    if (first.status !== 200 || !first.bytes.equals(old)) {
      return skipped(check, `PUBLIC_URL answers ${first.status} for a new object`);
    }
    await probe.put("version.png");
    const renewed = await ask(`${url}?v=2`);
    const kept = await ask(`${url}?v=1`);
    if (renewed.bytes.equals(old)) {
      const says =
        "the CDN gives the old bytes under a new version: a replaced original stays as it was for a year";
      return fail(
        check,
        says,
        "put the query string v into its cache key (CloudFront: a cache policy with v on its list)",
      );
    }
    if (kept.bytes.equals(old))
      return ok(check, "a new version is a new entry, and the old one is kept");
    return ok(check, "a new version has the new bytes; nothing there caches");
  } catch (error) {
    return skipped(check, diagnose(error).message);
  } finally {
    await probe.clear();
  }
}
