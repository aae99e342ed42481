import { UsageError } from "../../usage-error.ts";
import type { Json } from "./merge.ts";
import { listRules } from "./merge.ts";
import type { Website, BucketSpec } from "../spec.ts";
import { getHost } from "../spec.ts";

/** A website answers 403 for a missing key unless its readers may list the bucket. */
const MISSES = ["403", "404"];

/**
 * Redirects requests for missing variants to the service. It answers a stored form with its bytes and
 * never redirects it, so there is no loop.
 *
 * @throws UsageError when the URL of the service is wrong, or leads back to the website
 */
export function buildWebsite(spec: BucketSpec, wanted: Website): Json {
  const service = readService(wanted.service);
  checkLoop(spec, wanted, service);
  const base = service.pathname.replace(/^\//, "").replace(/\/?$/, "/").replace(/^\/$/, "");
  return {
    IndexDocument: { Suffix: "index.html" },
    RoutingRules: MISSES.map((code) => ({
      Condition: { HttpErrorCodeReturnedEquals: code, KeyPrefixEquals: spec.variants.prefix },
      Redirect: {
        Protocol: service.protocol.replace(":", ""),
        HostName: service.host,
        HttpRedirectCode: "302",
        ...(base !== "" && { ReplaceKeyPrefixWith: base + spec.variants.prefix }),
      },
    })),
  };
}

function readService(text: string): URL {
  const isUrl = /^https?:\/\/[^?#\s]+$/.test(text) && URL.canParse(text);
  if (isUrl) return new URL(text);
  throw new UsageError(`--service must be an http or https URL, got "${text}"`);
}

function checkLoop({ variants }: BucketSpec, { publicUrl = "" }: Website, { host }: URL): void {
  const { bucket } = variants;
  const name = host.toLowerCase();
  const isBucket =
    name === bucket || name.startsWith(`${bucket}.s3`) || /(?:^|[.-])s3-website[.-]/.test(name);
  const isPublic = publicUrl !== "" && new URL(publicUrl).host.toLowerCase() === name;
  if (!isBucket && !isPublic) return;
  const what = isBucket
    ? "the website of a bucket"
    : `the host of PUBLIC_URL (${getHost(publicUrl)})`;
  throw new UsageError(
    `--service must be the URL of the service, got "${host}", which is ${what}: requests would be redirected in a loop`,
  );
}

/**
 * Routing rules have no names: those for these errors below the prefix of variants count as ours.
 *
 * @throws UsageError when the website redirects every request
 */
export function mergeWebsite(present: Json | undefined, ours: Json): Json {
  if (present?.["RedirectAllRequestsTo"] !== undefined) {
    throw new UsageError(
      "the website of the bucket redirects everything: remove RedirectAllRequestsTo, or use another bucket",
    );
  }
  const replaced = new Set(listRules(ours, "RoutingRules").map(printCondition));
  const foreign = listRules(present, "RoutingRules").filter(
    (rule) => !replaced.has(printCondition(rule)),
  );
  return {
    IndexDocument: present?.["IndexDocument"] ?? ours["IndexDocument"],
    ...(present?.["ErrorDocument"] !== undefined && { ErrorDocument: present["ErrorDocument"] }),
    // ours come first: the first rule that matches counts, and another may match everything
    RoutingRules: [...listRules(ours, "RoutingRules"), ...foreign],
  };
}

function printCondition({ Condition }: Json): string {
  const { HttpErrorCodeReturnedEquals = "", KeyPrefixEquals = "" } = (Condition ?? {}) as Json;
  return JSON.stringify([HttpErrorCodeReturnedEquals, KeyPrefixEquals]);
}
