import { UsageError } from "../usage-error.ts";

/** One setting of a bucket. */
export type SettingKind =
  | "bucket"
  | "public_access"
  | "policy"
  | "cors"
  | "lifecycle"
  | "website"
  | "notifications";

export const PROVIDER_NAMES = ["aws", "r2", "rgw", "minio"] as const;
export const ACCESSES = ["private", "cdn", "public"] as const;
export type ProviderName = (typeof PROVIDER_NAMES)[number];

/** Objects of a bucket whose keys begin with a prefix. */
export interface BucketFolder {
  readonly bucket: string;
  /** Empty, or such as `variants/`. */
  readonly prefix: string;
}

/** The buckets as they are to be. */
export interface BucketSpec {
  readonly provider: ProviderName;
  /** Readers of variants: the service alone, a CloudFront distribution, or everybody. */
  readonly access: (typeof ACCESSES)[number];
  readonly originals: BucketFolder;
  readonly variants: BucketFolder;
  readonly arePublicOriginals: boolean;
  readonly shouldCreateBuckets: boolean;
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
  /** The ARN of the CloudFront distribution that may read variants. */
  readonly distribution: string | undefined;
  /** The ARN of the user or role that runs the service; the bucket policy grants it its rights. */
  readonly principal: string | undefined;
  /** Origins whose pages may read pixels; empty for no CORS rules. */
  readonly corsOrigins: readonly string[];
  readonly expireDays: number | undefined;
  readonly website: Website | undefined;
  /** An ARN of an SNS topic, `eventbridge`, `none` to remove ours; absent: leave as it is. */
  readonly notify: string | undefined;
  readonly group: string | undefined;
  readonly user: string | undefined;
}

/** Static hosting of the bucket, which redirects missing variants to the service. */
export interface Website {
  /** The URL of the service. */
  readonly service: string;
  /** Where pages find the variants; missing variants must not be redirected there. */
  readonly publicUrl: string | undefined;
}

/** Guesses by the endpoint. Servers other than Amazon's and Cloudflare's count as Ceph, or as MinIO by name or port. */
export function guessProvider(endpoint: string | undefined): ProviderName {
  const host = endpoint === undefined ? "" : getHost(endpoint);
  if (host === "" || /(?:^|\.)amazonaws\.com(?:\.cn)?$/.test(host)) return "aws";
  if (/(?:^|\.)r2\.cloudflarestorage\.com$/.test(host) || endpoint?.includes("/r2/s3")) return "r2";
  return /minio/.test(host) || /:9000\b/.test(endpoint ?? "") ? "minio" : "rgw";
}

/** The host of a URL, without its port. */
export function getHost(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.toLowerCase() : "";
}

export function hasOneBucket({
  originals,
  variants,
}: Pick<BucketSpec, "originals" | "variants">): boolean {
  return originals.bucket === variants.bucket;
}

/** The buckets, each once. */
export function listBuckets({ originals, variants }: BucketSpec): readonly string[] {
  return [...new Set([originals.bucket, variants.bucket])];
}

type Rule = readonly [
  isBroken: (spec: BucketSpec) => boolean,
  message: string | ((spec: BucketSpec) => string),
];

const DISTRIBUTION = /^arn:aws[a-z-]*:cloudfront::\d{12}:distribution\/[A-Z\d]{1,32}$/;
const TOPIC = /^arn:aws[a-z-]*:sns:[a-z\d-]*:\w*:[\w-]{1,256}$/;
const PRINCIPAL =
  /^arn:aws[a-z-]*:(?:iam|sts)::\w*:(?:root|(?:user|role|assumed-role)\/[\w+=,.@/-]{1,512})$/;
const NAME = /^[\w+=,.@-]{1,64}$/;
const ORIGIN = /^(?:\*|https?:\/\/[\w*.:-]{1,253})$/;

const RULES: readonly Rule[] = [
  [
    ({ access, provider }) => access === "cdn" && provider !== "aws" && provider !== "r2",
    "--access cdn needs CloudFront: use --access public, or --access private and a CDN in front of the service",
  ],
  [
    ({ access, provider, distribution }) =>
      access === "cdn" && provider === "aws" && !DISTRIBUTION.test(distribution ?? ""),
    ({ distribution = "" }) =>
      `--access cdn needs --distribution arn:aws:cloudfront::ACCOUNT:distribution/ID, got "${distribution}"`,
  ],
  [
    ({ access, distribution }) => access !== "cdn" && distribution !== undefined,
    "--distribution needs --access cdn",
  ],
  [
    ({ access, provider, arePublicOriginals, ...spec }) =>
      provider === "r2" && access !== "private" && !arePublicOriginals && hasOneBucket(spec),
    "a public R2 bucket is public as a whole: set S3_VARIANTS_BUCKET to another bucket, or say --public-originals",
  ],
  [
    ({ arePublicOriginals, access }) => arePublicOriginals && access !== "public",
    "--public-originals needs --access public",
  ],
  [
    ({ website, access }) => website !== undefined && access !== "public",
    "--website needs --access public: a website shows only what everybody may read",
  ],
  [
    ({ website, provider }) => website !== undefined && provider !== "aws" && provider !== "rgw",
    ({ provider }) => `--website needs aws or rgw: ${provider} has no websites with routing rules`,
  ],
  [
    ({ notify, provider }) => notify === "eventbridge" && provider !== "aws",
    "--notify eventbridge needs aws",
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
    ({ group, provider }) => group !== undefined && provider !== "aws",
    "--group needs aws: use --user",
  ],
  [
    ({ corsOrigins }) => corsOrigins.some((origin) => !ORIGIN.test(origin)),
    ({ corsOrigins }) =>
      `--cors-origin must be * or such as https://www.example.com, without a path, got "${corsOrigins.find((origin) => !ORIGIN.test(origin))}"`,
  ],
];

/** @throws UsageError for options that contradict each other */
export function checkSpec(spec: BucketSpec): void {
  const broken = RULES.find(([isBroken]) => isBroken(spec));
  if (!broken) return;
  const [, message] = broken;
  throw new UsageError(typeof message === "string" ? message : message(spec));
}
