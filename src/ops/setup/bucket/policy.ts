import type { Json } from "./merge.ts";
import { isOurs, mergeNamed, listRules } from "./merge.ts";
import type { BucketFolder, BucketSpec } from "../spec.ts";
import { listBuckets } from "../spec.ts";

/** A statement of an AWS policy. */
interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow";
  readonly Principal?: unknown;
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Json;
}

export interface BucketPolicy {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

/** The rights of the service, its warm-ups and its purges. */
export function buildServicePolicy(spec: BucketSpec): BucketPolicy {
  return toPolicy(listServiceStatements(spec));
}

function listServiceStatements(spec: BucketSpec): readonly Statement[] {
  return [
    allow("ShiftMediaReadOriginals", ["s3:GetObject"], [printResource(spec, spec.originals)]),
    // a write with If-Match needs the right to read
    allow(
      "ShiftMediaKeepVariants",
      ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
      [printResource(spec, spec.variants)],
    ),
    // without it a missing key is a 403. No condition on s3:prefix: a GET has no prefix, and would get a 403 again
    allow(
      "ShiftMediaList",
      ["s3:ListBucket"],
      listBuckets(spec).map((bucket) => `arn:${getPartition(spec)}:s3:::${bucket}`),
    ),
    // Ceph 16 checks a batch of deletions for the bucket first, and then for each object
    ...(spec.provider === "rgw"
      ? [
          allow(
            "ShiftMediaDeleteInBatches",
            ["s3:DeleteObject"],
            [`arn:aws:s3:::${spec.variants.bucket}`],
          ),
        ]
      : []),
  ];
}

/** Our part of the policy of one bucket; it may have no statements. */
export function buildBucketPolicy(spec: BucketSpec, bucket: string): BucketPolicy {
  return toPolicy([
    ...allowReadingVariants(spec).filter(() => bucket === spec.variants.bucket),
    ...allowReadingOriginals(spec).filter(() => bucket === spec.originals.bucket),
    ...allowPrincipal(spec, bucket),
  ]);
}

function allowReadingVariants(spec: BucketSpec): readonly Statement[] {
  const read = { Action: ["s3:GetObject"], Resource: [printResource(spec, spec.variants)] };
  if (spec.access === "public") {
    return [{ Sid: "ShiftMediaPublicVariants", Effect: "Allow", Principal: "*", ...read }];
  }
  if (spec.access !== "cdn" || spec.distribution === undefined) return [];
  return [
    {
      Sid: "ShiftMediaCdnVariants",
      Effect: "Allow",
      Principal: { Service: "cloudfront.amazonaws.com" },
      ...read,
      Condition: { StringEquals: { "AWS:SourceArn": spec.distribution } },
    },
  ];
}

function allowReadingOriginals(spec: BucketSpec): readonly Statement[] {
  if (!spec.arePublicOriginals) return [];
  const statement = allow(
    "ShiftMediaPublicOriginals",
    ["s3:GetObject"],
    [printResource(spec, spec.originals)],
  );
  return [{ ...statement, Principal: "*" }];
}

/** The rights of the service that concern this bucket. */
function allowPrincipal(spec: BucketSpec, bucket: string): readonly Statement[] {
  const { principal } = spec;
  if (principal === undefined) return [];
  const arn = `arn:${getPartition(spec)}:s3:::${bucket}`;
  const isHere = (resource: string): boolean => resource === arn || resource.startsWith(`${arn}/`);
  return listServiceStatements(spec)
    .map((statement) => ({
      ...statement,
      Principal: { AWS: [principal] },
      Resource: statement.Resource.filter(isHere),
    }))
    .filter(({ Resource }) => Resource.length > 0);
}

function allow(Sid: string, Action: readonly string[], Resource: readonly string[]): Statement {
  return { Sid, Effect: "Allow", Action, Resource };
}

function toPolicy(statements: readonly Statement[]): BucketPolicy {
  return { Version: "2012-10-17", Statement: statements };
}

function printResource(spec: BucketSpec, { bucket, prefix }: BucketFolder): string {
  return `arn:${getPartition(spec)}:s3:::${bucket}/${escapeResource(prefix)}*`;
}

/** Escapes characters of a key that are wildcards or variables in a resource. */
function escapeResource(prefix: string): string {
  return prefix.replaceAll(/[*?$]/g, (character) => `\${${character}}`);
}

function getPartition({ region = "", provider }: BucketSpec): string {
  if (provider !== "aws") return "aws";
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

/** Replaces the statements of earlier runs by ours, and keeps those of others. */
export function mergePolicy(present: Json | undefined, ours: Json): Json | undefined {
  return mergeNamed(present ?? { Version: ours["Version"] }, ours, {
    list: "Statement",
    id: "Sid",
  });
}

/** Lists the Sids of public statements that shift-media did not write. */
export function findForeignPublic(policy: Json | undefined): readonly string[] {
  return listRules(policy, "Statement")
    .filter((statement) => !isOurs(statement["Sid"]) && isPublic(statement))
    .map(({ Sid }) => (typeof Sid === "string" ? Sid : "a statement without a Sid"));
}

/** True when a statement of others allows something. */
export function hasForeignGrants(policy: Json | undefined): boolean {
  return listRules(policy, "Statement").some(
    ({ Sid, Effect }) => !isOurs(Sid) && Effect === "Allow",
  );
}

function isPublic({ Effect, Principal, Condition }: Json): boolean {
  if (Effect !== "Allow" || Condition !== undefined) return false;
  return JSON.stringify(Principal ?? "").includes('"*"');
}
