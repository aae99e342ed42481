import { randomUUID } from "node:crypto";
import { GetBucketWebsiteCommand } from "@aws-sdk/client-s3";
import { encodeKey, cutTrailingSlashes } from "../../../url/percent.ts";
import type { CheckResult, CheckResults } from "../result.ts";
import { fail, ok, skipped, warn } from "../result.ts";
import type { DoctorTarget } from "../target.ts";
import { limit } from "../target.ts";
import { followRedirects, printHops, withoutQuery, ask } from "../web.ts";
import { diagnose } from "../../../store/s3/diagnose.ts";
import { createProbe } from "../probe.ts";

const SETUP = "shift-media setup --access public --website --service URL --apply";

/** Checks that requests for missing variants reach the service, if the bucket is a website, without a loop. */
export async function* checkMisses(target: DoctorTarget): CheckResults {
  yield await checkRules(target);
  if (target.publicUrl !== undefined) yield await checkMiss(target, target.publicUrl);
}

const MISSES = ["403", "404"];

interface Rule {
  readonly code: string | undefined;
  readonly prefix: string;
  readonly status: string | undefined;
}

async function checkRules({ client, variants }: DoctorTarget): Promise<CheckResult> {
  const check = "website rules";
  let rules: readonly Rule[];
  try {
    const command = new GetBucketWebsiteCommand({ Bucket: variants.bucket });
    const { RoutingRules = [] } = await client.send(command, limit());
    rules = RoutingRules.map(({ Condition, Redirect }) => ({
      code: Condition?.HttpErrorCodeReturnedEquals,
      prefix: Condition?.KeyPrefixEquals ?? "",
      status: Redirect?.HttpRedirectCode,
    }));
  } catch {
    return skipped(
      check,
      "the bucket has no website, or only the credentials of its owner can see it",
    );
  }
  const ours = rules.filter(({ prefix }) => variants.prefix.startsWith(prefix));
  if (ours.length === 0) return skipped(check, "the website does not redirect missing variants");
  // the first rule that matches counts
  const used = MISSES.flatMap((code) => ours.find((rule) => rule.code === code) ?? []);
  const lacking = MISSES.filter((code) => !used.some((rule) => rule.code === code));
  if (lacking.length > 0) {
    const message = `requests that the website answers with ${lacking.join(" and ")} are not redirected to the service`;
    return fail(check, message, SETUP);
  }
  const isKept = used.some(({ status }) => status === "301" || status === "308");
  if (!isKept) return ok(check, "403 and 404 are redirected to the service");
  return fail(
    check,
    "missing variants are redirected permanently (301): browsers would never ask the bucket again",
    SETUP,
  );
}

async function checkMiss({ variants }: DoctorTarget, publicUrl: string): Promise<CheckResult> {
  const check = "a missing variant";
  const key = `${variants.prefix}1/shift-media-doctor-${randomUUID()}.jpg/w_1.jpg`;
  try {
    const { hops, answer } = await followRedirects(`${publicUrl}/${encodeKey(key)}`);
    if (answer === undefined) {
      const message = `redirects loop: ${printHops(hops)}`;
      const fix =
        "redirect missing variants to the service itself, not to PUBLIC_URL or a CDN: shift-media setup --website --service URL";
      return fail(check, message, fix);
    }
    const { status } = answer;
    if (status === 200) {
      return fail(
        check,
        "a missing object is answered with 200",
        "check PUBLIC_URL: something else answers in place of the bucket",
      );
    }
    if (hops.length === 1) return ok(check, `is answered with ${status}, without a redirect`);
    return ok(
      check,
      `is redirected to ${withoutQuery(hops.at(-1) ?? "")}, which answers ${status}`,
    );
  } catch (error) {
    return skipped(check, error instanceof Error ? error.message : String(error));
  }
}

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

/** Requests an original without credentials, from the store and from the public URL. */
export async function checkPrivacy(
  target: DoctorTarget,
  original: string | undefined,
): Promise<CheckResult> {
  const check = "originals are private";
  if (original === undefined) return skipped(check, "no original was found");
  const { originals, variants, publicUrl, endpoint } = target;
  const isThere = publicUrl !== undefined && originals.bucket === variants.bucket;
  const urls = [
    buildObjectUrl(endpoint, originals.bucket, original),
    ...(isThere ? [`${publicUrl}/${encodeKey(original)}`] : []),
  ];
  for (const url of urls) {
    const answer = await ask(url).catch(() => undefined);
    if (answer?.status !== 200) continue;
    if (target.arePublicOriginals) return ok(check, "they are public, as ORIGINALS=redirect needs");
    const message = `everybody can read originals, such as ${url}`;
    return warn(
      check,
      message,
      "if you do not want that: run shift-media setup --apply without --public-originals, and remove public statements of others from the bucket policy",
    );
  }
  if (!target.arePublicOriginals) return ok(check, "they cannot be read without credentials");
  return warn(
    check,
    "ORIGINALS=redirect redirects to originals that visitors may not read",
    "shift-media setup --access public --public-originals --apply",
  );
}

/** Puts the bucket into the path, which every store understands. */
function buildObjectUrl(endpoint: string, bucket: string, key: string): string {
  return `${cutTrailingSlashes(endpoint)}/${encodeURIComponent(bucket)}/${encodeKey(key)}`;
}
