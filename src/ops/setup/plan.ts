import { cors, lifecycle, publicAccess } from "./bucket/documents.ts";
import { byHand } from "./manual/steps.ts";
import type { Instruction } from "./manual/steps.ts";
import { iamCommands } from "./manual/iam-commands.ts";
import type { Json } from "./bucket/merge.ts";
import { rulesIn } from "./bucket/merge.ts";
import { notifications, remarkOnNotifications } from "./bucket/notifications.ts";
import type { Policy } from "./bucket/policy.ts";
import { bucketPolicy, servicePolicy } from "./bucket/policy.ts";
import { aws, print } from "./manual/shell.ts";
import { website } from "./bucket/website.ts";
import type { Flavour, StepKind, Wish } from "./spec.ts";
import { bucketsOf, checkWish } from "./spec.ts";
import { wranglerCors, wranglerLifecycle } from "./manual/wrangler.ts";

/** One setting of one bucket. */
export interface Step {
  readonly kind: StepKind;
  readonly bucket: string;
  readonly about: string;
  /** What is ours of the setting. */
  readonly document: Json;
  /** For a shell; none, when there is nothing of ours. */
  readonly commands: readonly string[];
  readonly remark?: string;
}

/** Everything that a wish comes to, without having looked at anything. */
export interface Plan {
  readonly steps: readonly Step[];
  /** What whoever runs the service has to be allowed. */
  readonly servicePolicy: Policy;
  /** For the service's own user, or group. */
  readonly iamCommands: readonly string[];
  readonly byHand: readonly Instruction[];
}

/** What each kind of store can be asked for through the API of S3. */
const KINDS: Readonly<Record<Flavour, readonly StepKind[]>> = {
  aws: ["bucket", "public_access", "policy", "cors", "lifecycle", "website", "notifications"],
  rgw: ["bucket", "public_access", "policy", "cors", "lifecycle", "website", "notifications"],
  minio: ["bucket", "policy", "lifecycle"],
  r2: ["bucket", "cors", "lifecycle"],
};

/** @throws MediaError `invalid_body` for what does not go together */
export function createPlan(wish: Wish): Plan {
  checkWish(wish);
  const steps = KINDS[wish.flavour].flatMap((kind) =>
    bucketsOf(wish).flatMap((bucket) => PLANNERS[kind](wish, bucket) ?? []),
  );
  return {
    steps,
    servicePolicy: servicePolicy(wish),
    iamCommands: wish.flavour === "aws" ? iamCommands(wish) : [],
    byHand: byHand(wish),
  };
}

type Planner = (wish: Wish, bucket: string) => Step | undefined;

const PLANNERS: Readonly<Record<StepKind, Planner>> = {
  bucket: planBucket,
  public_access: planPublicAccess,
  policy: planPolicy,
  cors: planCors,
  lifecycle: planLifecycle,
  website: planWebsite,
  notifications: planNotifications,
};

function planBucket(wish: Wish, bucket: string): Step {
  const { region, flavour, shouldCreateBuckets } = wish;
  const hasPlace = flavour === "aws" && region !== undefined && region !== "us-east-1";
  const document = hasPlace ? { LocationConstraint: region } : {};
  const place = hasPlace ? ["--create-bucket-configuration", `LocationConstraint=${region}`] : [];
  const create = aws(wish, "s3api", "create-bucket", "--bucket", bucket, ...place);
  return {
    kind: "bucket",
    bucket,
    about: shouldCreateBuckets ? "the bucket itself" : "the bucket has to be there",
    document: shouldCreateBuckets ? document : { mustExist: true },
    commands: shouldCreateBuckets ? [create] : [],
  };
}

function planPublicAccess(wish: Wish, bucket: string): Step {
  const document = publicAccess(wish, bucket);
  const off = Object.keys(document).filter((name) => document[name] === false);
  return {
    kind: "public_access",
    bucket,
    about: `Block Public Access: ${off.length === 0 ? "all on" : `on, but for ${off.join(", ")}`}`,
    document,
    commands: [
      put(
        { wish, bucket },
        ["put-public-access-block", "--public-access-block-configuration"],
        document,
      ),
    ],
  };
}

function planPolicy(wish: Wish, bucket: string): Step {
  const policy = bucketPolicy(wish, bucket);
  const document: Json = { ...policy };
  const names = policy.Statement.map(({ Sid }) => Sid).join(", ");
  return {
    kind: "policy",
    bucket,
    about: `bucket policy: ${names || "nothing of ours"}`,
    document,
    commands:
      names === "" ? [] : [put({ wish, bucket }, ["put-bucket-policy", "--policy"], document)],
  };
}

/** Also for a bucket that is to have none: an earlier run may have set some. */
function planCors(wish: Wish, bucket: string): Step {
  const document = cors(wish, bucket);
  const { corsOrigins } = wish;
  const isOf = rulesIn(document, "CORSRules").length > 0;
  const command = put({ wish, bucket }, ["put-bucket-cors", "--cors-configuration"], document);
  const commands = wish.flavour === "r2" ? wranglerCors(wish, bucket) : [command];
  return {
    kind: "cors",
    bucket,
    about: `CORS: ${isOf ? `GET and HEAD for pages of ${corsOrigins.join(", ")}` : "nothing of ours"}`,
    document,
    commands: isOf ? commands : [],
  };
}

/** Also where there are no variants any more: a rule that stayed would delete originals. */
function planLifecycle(wish: Wish, bucket: string): Step {
  const document = lifecycle(wish, bucket);
  const isOf = (document["Rules"] as readonly Json[]).length > 0;
  const command = put(
    { wish, bucket },
    ["put-bucket-lifecycle-configuration", "--lifecycle-configuration"],
    document,
  );
  const commands = wish.flavour === "r2" ? wranglerLifecycle(wish, bucket) : [command];
  const after =
    wish.expireDays === undefined ? "stay" : `go ${wish.expireDays} days after they were made`;
  return {
    kind: "lifecycle",
    bucket,
    about:
      bucket === wish.variants.bucket
        ? `lifecycle below ${wish.variants.prefix}: variants ${after}; uploads that never ended go`
        : "lifecycle: nothing of ours",
    document,
    commands: isOf ? commands : [],
  };
}

function planWebsite(wish: Wish, bucket: string): Step | undefined {
  if (wish.website === undefined || bucket !== wish.variants.bucket) return undefined;
  const document = website(wish, wish.website);
  return {
    kind: "website",
    bucket,
    about: `website: who misses a variant (403 and 404) is sent to ${wish.website.service}`,
    document,
    commands: [put({ wish, bucket }, ["put-bucket-website", "--website-configuration"], document)],
  };
}

function planNotifications(wish: Wish, bucket: string): Step | undefined {
  if (wish.notify === undefined || bucket !== wish.originals.bucket) return undefined;
  const document = notifications(wish);
  const isOf = wish.notify !== "none";
  const remark = isOf ? remarkOnNotifications(wish) : undefined;
  const command = [
    "put-bucket-notification-configuration",
    "--notification-configuration",
  ] as const;
  const { TopicConfigurations: topics, ...rest } = document;
  const sent = (topics as readonly Json[]).length > 0 ? document : rest;
  return {
    kind: "notifications",
    bucket,
    about: `notifications of originals: ${wish.notify}`,
    document,
    commands: isOf ? [put({ wish, bucket }, command, sent)] : [],
    ...(remark !== undefined && { remark }),
  };
}

interface Put {
  readonly wish: Wish;
  readonly bucket: string;
}

function put(
  { wish, bucket }: Put,
  [command, option]: readonly [command: string, option: string],
  document: Json,
): string {
  return aws(wish, "s3api", command, "--bucket", bucket, option, print(document));
}
