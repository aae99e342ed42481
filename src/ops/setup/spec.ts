import { MediaError } from "../../errors.ts";

/** One setting of a bucket. */
export type StepKind =
  | "bucket"
  | "public_access"
  | "policy"
  | "cors"
  | "lifecycle"
  | "website"
  | "notifications";

export const FLAVOURS = ["aws", "r2", "rgw", "minio"] as const;
export const ACCESSES = ["private", "cdn", "public"] as const;
export type Flavour = (typeof FLAVOURS)[number];

/** Where objects are: a bucket, and what their keys begin with. */
export interface Place {
  readonly bucket: string;
  /** Empty, or such as `variants/`. */
  readonly prefix: string;
}

/** How buckets are to be. */
export interface Wish {
  readonly flavour: Flavour;
  /** Who may read variants: nobody but the service, a CloudFront distribution, or everybody. */
  readonly access: (typeof ACCESSES)[number];
  readonly originals: Place;
  readonly variants: Place;
  readonly arePublicOriginals: boolean;
  readonly shouldCreateBuckets: boolean;
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
  /** The ARN of the CloudFront distribution that may read variants. */
  readonly distribution: string | undefined;
  /** The ARN of whoever runs the service, to be granted its rights by the bucket policy. */
  readonly principal: string | undefined;
  /** Origins whose pages may read pixels; none: there are to be no CORS rules of ours. */
  readonly corsOrigins: readonly string[];
  readonly expireDays: number | undefined;
  readonly website: Website | undefined;
  /** An ARN of an SNS topic, `eventbridge`, `none` to take ours away; absent: as it is. */
  readonly notify: string | undefined;
  readonly group: string | undefined;
  readonly user: string | undefined;
}

/** The bucket is asked first, and the service for what it lacks. */
export interface Website {
  /** Where misses are sent. */
  readonly service: string;
  /** Where pages find the variants: no place to send a miss to. */
  readonly publicUrl: string | undefined;
}

/** Chooses by the endpoint; anything that is no service of Amazon's or Cloudflare's may be either of the others. */
export function guessFlavour(endpoint: string | undefined): Flavour {
  const host = endpoint === undefined ? "" : hostOf(endpoint);
  if (host === "" || /(?:^|\.)amazonaws\.com(?:\.cn)?$/.test(host)) return "aws";
  if (/(?:^|\.)r2\.cloudflarestorage\.com$/.test(host) || endpoint?.includes("/r2/s3")) return "r2";
  return /minio/.test(host) || /:9000\b/.test(endpoint ?? "") ? "minio" : "rgw";
}

/** Without its port. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.toLowerCase() : "";
}

export function hasOneBucket({ originals, variants }: Wish): boolean {
  return originals.bucket === variants.bucket;
}

/** The buckets, each once. */
export function bucketsOf({ originals, variants }: Wish): readonly string[] {
  return [...new Set([originals.bucket, variants.bucket])];
}

type Rule = readonly [
  isBroken: (wish: Wish) => boolean,
  message: string | ((wish: Wish) => string),
];

const DISTRIBUTION = /^arn:aws[a-z-]*:cloudfront::\d{12}:distribution\/[A-Z\d]{1,32}$/;
const TOPIC = /^arn:aws[a-z-]*:sns:[a-z\d-]*:\w*:[\w-]{1,256}$/;
const PRINCIPAL =
  /^arn:aws[a-z-]*:(?:iam|sts)::\w*:(?:root|(?:user|role|assumed-role)\/[\w+=,.@/-]{1,512})$/;
const NAME = /^[\w+=,.@-]{1,64}$/;
const ORIGIN = /^(?:\*|https?:\/\/[\w*.:-]{1,253})$/;

const RULES: readonly Rule[] = [
  [
    ({ access, flavour }) => access === "cdn" && flavour !== "aws" && flavour !== "r2",
    "--access cdn is for CloudFront: elsewhere it is --access public, or private with a CDN before the service",
  ],
  [
    ({ access, flavour, distribution }) =>
      access === "cdn" && flavour === "aws" && !DISTRIBUTION.test(distribution ?? ""),
    ({ distribution = "" }) =>
      `--access cdn needs --distribution arn:aws:cloudfront::ACCOUNT:distribution/ID, got "${distribution}"`,
  ],
  [
    ({ access, distribution }) => access !== "cdn" && distribution !== undefined,
    "--distribution goes with --access cdn",
  ],
  [
    ({ access, flavour, arePublicOriginals, ...wish }) =>
      flavour === "r2" && access !== "private" && !arePublicOriginals && isShared(wish),
    "a public bucket of R2 is public as a whole: keep variants in a bucket of their own (S3_VARIANTS_BUCKET), or say --public-originals",
  ],
  [
    ({ arePublicOriginals, access }) => arePublicOriginals && access !== "public",
    "--public-originals goes with --access public",
  ],
  [
    ({ website, access }) => website !== undefined && access !== "public",
    "--website needs --access public: a website shows what everybody may read",
  ],
  [
    ({ website, flavour }) => website !== undefined && flavour !== "aws" && flavour !== "rgw",
    ({ flavour }) => `--website is for aws and rgw: ${flavour} has no websites with routing rules`,
  ],
  [
    ({ notify, flavour }) => notify === "eventbridge" && flavour !== "aws",
    "--notify eventbridge is for aws",
  ],
  [
    ({ notify }) =>
      !["eventbridge", "none"].includes(notify ?? "none") && !TOPIC.test(notify ?? ""),
    ({ notify }) =>
      `--notify must be the ARN of an SNS topic, eventbridge or none, got "${notify}"`,
  ],
  [
    ({ group, user }) => [group, user].some((name) => name !== undefined && !NAME.test(name)),
    "--group and --user must be names: letters, digits, +=,.@_-",
  ],
  [
    ({ principal }) => principal !== undefined && !PRINCIPAL.test(principal),
    ({ principal }) =>
      `--principal must be the ARN of a user or a role, such as arn:aws:iam:::user/media, got "${principal}"`,
  ],
  [
    ({ group, flavour }) => group !== undefined && flavour !== "aws",
    "--group is for aws: elsewhere the rights are the user's",
  ],
  [
    ({ corsOrigins }) => corsOrigins.some((origin) => !ORIGIN.test(origin)),
    ({ corsOrigins }) =>
      `--cors-origin must be * or such as https://www.example.com, without a path, got "${corsOrigins.find((origin) => !ORIGIN.test(origin))}"`,
  ],
];

function isShared({ originals, variants }: Pick<Wish, "originals" | "variants">): boolean {
  return originals.bucket === variants.bucket;
}

/** @throws MediaError `invalid_body` for what does not go together */
export function checkWish(wish: Wish): void {
  const broken = RULES.find(([isBroken]) => isBroken(wish));
  if (!broken) return;
  const [, message] = broken;
  throw new MediaError("invalid_body", typeof message === "string" ? message : message(wish));
}
