import type { Json } from "./merge.ts";
import { mergeNamed, rulesIn } from "./merge.ts";
import { bucketPolicy } from "./policy.ts";
import type { Wish } from "../spec.ts";

/** Days after which the parts of uploads that never ended, and versions that were replaced, go. */
const CLEAN_UP_DAYS = 7;
const PREFLIGHT_SECONDS = 86_400;

/** What of a bucket may be public; nothing, unless a policy of ours is to make something so. */
export function publicAccess(wish: Wish, bucket: string): Json {
  const hasPublic =
    wish.access === "public" && (bucket === wish.variants.bucket || wish.arePublicOriginals);
  const isCeph = wish.flavour === "rgw";
  // Ceph 16 takes every policy that allows anything for a public one
  const hasPolicy = isCeph && bucketPolicy(wish, bucket).Statement.length > 0;
  return {
    // under it Ceph 16 refuses every write, with an ACL or without, whoever it is
    BlockPublicAcls: !isCeph,
    IgnorePublicAcls: true,
    BlockPublicPolicy: !hasPublic && !hasPolicy,
    RestrictPublicBuckets: !hasPublic && !hasPolicy,
  };
}

/** Where a policy is public, ACLs are none of our business; but Ceph has all off where nobody chose. */
export function mergePublicAccess(present: Json | undefined, ours: Json): Json {
  if (ours["BlockPublicPolicy"] === true || isOfCeph(ours)) return ours;
  const off = Object.entries(ours).filter(([, isBlocked]) => isBlocked === false);
  return { ...ours, ...present, ...Object.fromEntries(off) };
}

/** Ceph alone is asked not to block ACLs. */
export function isOfCeph(document: Json): boolean {
  return document["BlockPublicAcls"] === false;
}

/** For pages that read the pixels of images, or fetch them by script. */
export function cors({ corsOrigins, arePublicOriginals, variants }: Wish, bucket: string): Json {
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

/** Variants can be made again, so that they may go; originals are never touched. */
export function lifecycle({ flavour, variants, expireDays }: Wish, bucket: string): Json {
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
    ...(flavour !== "r2" && {
      NoncurrentVersionExpiration: { NoncurrentDays: CLEAN_UP_DAYS },
      // what is left of a purge when its versions are gone
      Expiration: { ExpiredObjectDeleteMarker: true },
    }),
  };
  // MinIO ends uploads by itself, and knows no rule for it
  const rules = flavour === "minio" ? [] : [cleanUp];
  return { Rules: expireDays === undefined ? rules : [expire, ...rules] };
}

/** Stores give the rules back in an order of their own; it means nothing. */
export function mergeLifecycle(present: Json | undefined, ours: Json): Json | undefined {
  const theirs = present && { Rules: present["Rules"] };
  const merged = mergeNamed(theirs, ours, { list: "Rules", id: "ID" });
  return merged && sortLifecycle(merged);
}

export function sortLifecycle(document: Json): Json {
  const rules = rulesIn(document, "Rules").map(joinFilter);
  return {
    Rules: rules.toSorted((a, b) => String(a["ID"]).localeCompare(String(b["ID"]), "en")),
  };
}

/** Ceph reads a prefix out beside tags, and loses it when it is written so: the rule would be about all keys. */
function joinFilter(rule: Json): Json {
  const { Prefix, Tag, And, ...rest } = (rule["Filter"] ?? {}) as Json;
  if (Prefix === undefined || (Tag ?? And) === undefined) return rule;
  const Tags = Tag === undefined ? [] : [Tag];
  return { ...rule, Filter: { And: { Prefix, Tags, ...rest, ...(And as Json | undefined) } } };
}
