import type { Json } from "./merge.ts";
import { isOurs, mergeNamed, rulesIn } from "./merge.ts";
import type { Place, Wish } from "../spec.ts";
import { bucketsOf } from "../spec.ts";

/** A statement of a policy of AWS. */
interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow";
  readonly Principal?: unknown;
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Json;
}

export interface Policy {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

/** All that the service, its warm-ups and its purges do, and nothing else. */
export function servicePolicy(wish: Wish): Policy {
  return toPolicy(serviceStatements(wish));
}

function serviceStatements(wish: Wish): readonly Statement[] {
  return [
    allow("ShiftMediaReadOriginals", ["s3:GetObject"], [objects(wish, wish.originals)]),
    // with If-Match a write needs the right to read, too
    allow(
      "ShiftMediaKeepVariants",
      ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
      [objects(wish, wish.variants)],
    ),
    // without it a missing key is a 403. A condition on s3:prefix would undo that: a GET has no prefix
    allow(
      "ShiftMediaList",
      ["s3:ListBucket"],
      bucketsOf(wish).map((bucket) => `arn:${partitionOf(wish)}:s3:::${bucket}`),
    ),
    // Ceph 16 asks whether a batch may delete from the bucket, and then for each object
    ...(wish.flavour === "rgw"
      ? [
          allow(
            "ShiftMediaDeleteInBatches",
            ["s3:DeleteObject"],
            [`arn:aws:s3:::${wish.variants.bucket}`],
          ),
        ]
      : []),
  ];
}

/** What the policy of one bucket is to say; without statements there is to be none of ours. */
export function bucketPolicy(wish: Wish, bucket: string): Policy {
  return toPolicy([
    ...readersOfVariants(wish).filter(() => bucket === wish.variants.bucket),
    ...readersOfOriginals(wish).filter(() => bucket === wish.originals.bucket),
    ...grantsOfPrincipal(wish, bucket),
  ]);
}

function readersOfVariants(wish: Wish): readonly Statement[] {
  const read = { Action: ["s3:GetObject"], Resource: [objects(wish, wish.variants)] };
  if (wish.access === "public") {
    return [{ Sid: "ShiftMediaPublicVariants", Effect: "Allow", Principal: "*", ...read }];
  }
  if (wish.access !== "cdn" || wish.distribution === undefined) return [];
  return [
    {
      Sid: "ShiftMediaCdnVariants",
      Effect: "Allow",
      Principal: { Service: "cloudfront.amazonaws.com" },
      ...read,
      Condition: { StringEquals: { "AWS:SourceArn": wish.distribution } },
    },
  ];
}

function readersOfOriginals(wish: Wish): readonly Statement[] {
  if (!wish.arePublicOriginals) return [];
  const statement = allow(
    "ShiftMediaPublicOriginals",
    ["s3:GetObject"],
    [objects(wish, wish.originals)],
  );
  return [{ ...statement, Principal: "*" }];
}

/** The rights of the service, as far as they are about this bucket. */
function grantsOfPrincipal(wish: Wish, bucket: string): readonly Statement[] {
  const { principal } = wish;
  if (principal === undefined) return [];
  const arn = `arn:${partitionOf(wish)}:s3:::${bucket}`;
  const isHere = (resource: string): boolean => resource === arn || resource.startsWith(`${arn}/`);
  return serviceStatements(wish)
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

function toPolicy(statements: readonly Statement[]): Policy {
  return { Version: "2012-10-17", Statement: statements };
}

function objects(wish: Wish, { bucket, prefix }: Place): string {
  return `arn:${partitionOf(wish)}:s3:::${bucket}/${escapeResource(prefix)}*`;
}

/** In a resource these are wildcards and variables, and in a key they are characters. */
function escapeResource(prefix: string): string {
  return prefix.replaceAll(/[*?$]/g, (character) => `\${${character}}`);
}

function partitionOf({ region = "", flavour }: Wish): string {
  if (flavour !== "aws") return "aws";
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

/** Ours in place of those that an earlier run has left; the statements of others stay. */
export function mergePolicy(present: Json | undefined, ours: Json): Json | undefined {
  return mergeNamed(present ?? { Version: ours["Version"] }, ours, {
    list: "Statement",
    id: "Sid",
  });
}

/** The Sids of statements that are not ours and make something public. */
export function foreignPublicStatements(policy: Json | undefined): readonly string[] {
  return rulesIn(policy, "Statement")
    .filter((statement) => !isOurs(statement["Sid"]) && isPublic(statement))
    .map(({ Sid }) => (typeof Sid === "string" ? Sid : "one without a Sid"));
}

/** Whether somebody else is allowed something. */
export function hasForeignGrants(policy: Json | undefined): boolean {
  return rulesIn(policy, "Statement").some(({ Sid, Effect }) => !isOurs(Sid) && Effect === "Allow");
}

function isPublic({ Effect, Principal, Condition }: Json): boolean {
  if (Effect !== "Allow" || Condition !== undefined) return false;
  return JSON.stringify(Principal ?? "").includes('"*"');
}
