import { randomUUID } from "node:crypto";
import { GetBucketWebsiteCommand } from "@aws-sdk/client-s3";
import { encodeKey } from "../../../url/percent.ts";
import type { Finding, Findings } from "../result.ts";
import { fail, ok, skipped } from "../result.ts";
import type { Patient } from "../target.ts";
import { limit } from "../target.ts";
import { follow, printWay, withoutQuery } from "../web.ts";

const SETUP = "shift-media setup --access public --website --service URL --apply";

/** What becomes of a variant that is not there: with bucket first, the service has to be asked, once. */
export async function* examineMisses(patient: Patient): Findings {
  yield await checkRules(patient);
  if (patient.publicUrl !== undefined) yield await checkMiss(patient, patient.publicUrl);
}

const MISSES = ["403", "404"];

interface Rule {
  readonly code: string | undefined;
  readonly prefix: string;
  readonly status: string | undefined;
}

async function checkRules({ client, variants }: Patient): Promise<Finding> {
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
      "there is no website, or only the credentials of the bucket's owner can see it",
    );
  }
  const ours = rules.filter(({ prefix }) => variants.prefix.startsWith(prefix));
  if (ours.length === 0) return skipped(check, "the website sends no misses on");
  // the first that fits counts
  const used = MISSES.flatMap((code) => ours.find((rule) => rule.code === code) ?? []);
  const lacking = MISSES.filter((code) => !used.some((rule) => rule.code === code));
  if (lacking.length > 0) {
    const says = `misses that the website calls ${lacking.join(" and ")} are not sent to the service`;
    return fail(check, says, SETUP);
  }
  const isKept = used.some(({ status }) => status === "301" || status === "308");
  if (!isKept) return ok(check, "403 and 404 are sent to the service");
  return fail(
    check,
    "misses are redirected for ever (301): browsers would never ask the bucket again",
    SETUP,
  );
}

async function checkMiss({ variants }: Patient, publicUrl: string): Promise<Finding> {
  const check = "a missing variant";
  const key = `${variants.prefix}1/shift-media-doctor-${randomUUID()}.jpg/w_1.jpg`;
  try {
    const { hops, answer } = await follow(`${publicUrl}/${encodeKey(key)}`);
    if (answer === undefined) {
      const says = `it is redirected in a circle: ${printWay(hops)}`;
      const remedy =
        "send misses to the service itself, which never redirects a stored form, and not to PUBLIC_URL or a CDN before the bucket";
      return fail(check, says, remedy);
    }
    const { status } = answer;
    if (status === 200) {
      return fail(
        check,
        "what is not there is answered with 200",
        "check PUBLIC_URL: something answers for the bucket",
      );
    }
    if (hops.length === 1) return ok(check, `is ${status}, and goes nowhere else`);
    return ok(check, `is sent to ${withoutQuery(hops.at(-1) ?? "")}, which answers ${status}`);
  } catch (error) {
    return skipped(check, error instanceof Error ? error.message : String(error));
  }
}
