import type { Json } from "./merge.ts";
import { mergeNamed, listRules } from "./merge.ts";
import { buildBucketPolicy } from "./policy.ts";
import type { BucketSpec } from "../spec.ts";

/** Days until parts of unfinished uploads, and replaced versions, are deleted. */
const CLEAN_UP_DAYS = 7;
/** Seconds that a browser may cache the answer to a preflight request. */
const PREFLIGHT_SECONDS = 86_400;

/** Blocks all public access, unless our policy makes something public. */
export function buildPublicAccess(spec: BucketSpec, bucket: string): Json {
  const hasPublic =
    spec.access === "public" && (bucket === spec.variants.bucket || spec.arePublicOriginals);
  const isCeph = spec.provider === "rgw";
  // Ceph 16 counts every policy that allows anything as public
  const hasPolicy = isCeph && buildBucketPolicy(spec, bucket).Statement.length > 0;
  return {
    // Ceph 16 refuses every write under it, with or without an ACL
    BlockPublicAcls: !isCeph,
    IgnorePublicAcls: true,
    BlockPublicPolicy: !hasPublic && !hasPolicy,
    RestrictPublicBuckets: !hasPublic && !hasPolicy,
  };
}

/** Under a public policy the settings for ACLs stay as they are, except on Ceph, where they are off by default. */
export function mergePublicAccess(present: Json | undefined, ours: Json): Json {
  if (ours["BlockPublicPolicy"] === true || isForCeph(ours)) return ours;
  const off = Object.entries(ours).filter(([, isBlocked]) => isBlocked === false);
  return { ...ours, ...present, ...Object.fromEntries(off) };
}

/** True for documents for Ceph: only these leave ACLs unblocked. */
export function isForCeph(document: Json): boolean {
  return document["BlockPublicAcls"] === false;
}

/** Lets pages read pixels, and fetch images by script. */
export function buildCors(
  { corsOrigins, arePublicOriginals, variants }: BucketSpec,
  bucket: string,
): Json {
  const isPublic = bucket === variants.bucket || arePublicOriginals;
  if (corsOrigins.length === 0 || !isPublic) return { CORSRules: [] };
  return {
    CORSRules: [
      {
        ID: "ShiftMediaRead",
        AllowedMethods: ["GET", "HEAD"],
        AllowedOrigins: corsOrigins,
        AllowedHeaders: ["*"],
        ExposeHeaders: ["Content-Length", "ETag"],
        MaxAgeSeconds: PREFLIGHT_SECONDS,
      },
    ],
  };
}

export function mergeCors(present: Json | undefined, ours: Json): Json | undefined {
  return mergeNamed(present, ours, { list: "CORSRules", id: "ID" });
}

/** Rules are for variants only, which can be made again. */
export function buildLifecycle(
  { provider, variants, expireDays }: BucketSpec,
  bucket: string,
): Json {
  if (bucket !== variants.bucket) return { Rules: [] };
  const Filter = { Prefix: variants.prefix };
  const expire = {
    ID: "ShiftMediaExpireVariants",
    Status: "Enabled",
    Filter,
    Expiration: { Days: expireDays },
  };
  const cleanUp = {
    ID: "ShiftMediaCleanUp",
    Status: "Enabled",
    Filter,
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: CLEAN_UP_DAYS },
    // R2 has no versions
    ...(provider !== "r2" && {
      NoncurrentVersionExpiration: { NoncurrentDays: CLEAN_UP_DAYS },
      // delete markers stay after a purge, when all versions are deleted
      Expiration: { ExpiredObjectDeleteMarker: true },
    }),
  };
  // MinIO aborts uploads by itself, and has no rule for it
  const rules = provider === "minio" ? [] : [cleanUp];
  return { Rules: expireDays === undefined ? rules : [expire, ...rules] };
}

/** Sorts the rules, because stores return them in any order. */
export function mergeLifecycle(present: Json | undefined, ours: Json): Json | undefined {
  const theirs = present && { Rules: present["Rules"] };
  const merged = mergeNamed(theirs, ours, { list: "Rules", id: "ID" });
  return merged && sortLifecycle(merged);
}

export function sortLifecycle(document: Json): Json {
  const rules = listRules(document, "Rules").map(joinFilter);
  return {
    Rules: rules.toSorted((a, b) => String(a["ID"]).localeCompare(String(b["ID"]), "en")),
  };
}

/** Ceph returns a prefix beside tags, but loses it when it is written like that: the rule would match all keys. */
function joinFilter(rule: Json): Json {
  const { Prefix, Tag, And, ...rest } = (rule["Filter"] ?? {}) as Json;
  if (Prefix === undefined || (Tag ?? And) === undefined) return rule;
  const Tags = Tag === undefined ? [] : [Tag];
  return { ...rule, Filter: { And: { Prefix, Tags, ...rest, ...(And as Json | undefined) } } };
}
