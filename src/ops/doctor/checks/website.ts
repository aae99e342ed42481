import { randomUUID } from "node:crypto";
import { GetBucketWebsiteCommand } from "@aws-sdk/client-s3";
import { encodeKey } from "../../../url/percent.ts";
import type { CheckResult, CheckResults } from "../result.ts";
import { fail, ok, skipped } from "../result.ts";
import type { DoctorTarget } from "../target.ts";
import { limit } from "../target.ts";
import { followRedirects, printHops, withoutQuery } from "../web.ts";

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
