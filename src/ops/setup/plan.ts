import { buildCors, buildLifecycle, buildPublicAccess } from "./bucket/documents.ts";
import type { Json } from "./bucket/merge.ts";
import { listRules } from "./bucket/merge.ts";
import { buildNotifications, explainNotifications } from "./bucket/notifications.ts";
import type { BucketPolicy } from "./bucket/policy.ts";
import { buildBucketPolicy, buildServicePolicy } from "./bucket/policy.ts";
import { buildWebsite } from "./bucket/website.ts";
import type { ManualStep } from "./providers/provider.ts";
import { PROVIDERS } from "./providers/providers.ts";
import { printAws, printDocument } from "./shell.ts";
import type { BucketSpec, SettingKind } from "./spec.ts";
import { checkSpec, listBuckets } from "./spec.ts";

/** One setting of one bucket. */
export interface SetupStep {
  readonly kind: SettingKind;
  readonly bucket: string;
  readonly about: string;
  /** The part of the setting that is managed here. */
  readonly document: Json;
  /** For a shell; none when there is nothing to set. */
  readonly commands: readonly string[];
  readonly note?: string;
}

/** Everything that a spec needs. It is made without a look at the buckets. */
export interface SetupPlan {
  readonly steps: readonly SetupStep[];
  /** The rights that the service needs. */
  readonly servicePolicy: BucketPolicy;
  readonly manualSteps: readonly ManualStep[];
}

/** @throws UsageError for options that contradict each other */
export function createPlan(spec: BucketSpec): SetupPlan {
  checkSpec(spec);
  const { settings, listManualSteps } = PROVIDERS[spec.provider];
  const steps = settings.flatMap((kind) =>
    listBuckets(spec).flatMap((bucket) => PLANNERS[kind](spec, bucket) ?? []),
  );
  return {
    steps,
    servicePolicy: buildServicePolicy(spec),
    manualSteps: listManualSteps(spec),
  };
}

type Planner = (spec: BucketSpec, bucket: string) => SetupStep | undefined;

const PLANNERS: Readonly<Record<SettingKind, Planner>> = {
  bucket: planBucket,
  public_access: planPublicAccess,
  policy: planPolicy,
  cors: planCors,
  lifecycle: planLifecycle,
  website: planWebsite,
  notifications: planNotifications,
};

/** Operations of `aws s3api`, and the option that takes the document. */
const COMMANDS: Readonly<Record<Exclude<SettingKind, "bucket">, readonly [string, string]>> = {
  public_access: ["put-public-access-block", "--public-access-block-configuration"],
  policy: ["put-bucket-policy", "--policy"],
  cors: ["put-bucket-cors", "--cors-configuration"],
  lifecycle: ["put-bucket-lifecycle-configuration", "--lifecycle-configuration"],
  website: ["put-bucket-website", "--website-configuration"],
  notifications: ["put-bucket-notification-configuration", "--notification-configuration"],
};

function planBucket(spec: BucketSpec, bucket: string): SetupStep {
  const { region, provider, shouldCreateBuckets } = spec;
  const hasLocation = provider === "aws" && region !== undefined && region !== "us-east-1";
  const document = hasLocation ? { LocationConstraint: region } : {};
  const location = hasLocation
    ? ["--create-bucket-configuration", `LocationConstraint=${region}`]
    : [];
  const create = printAws(spec, "s3api", "create-bucket", "--bucket", bucket, ...location);
  return {
    kind: "bucket",
    bucket,
    about: shouldCreateBuckets ? "create the bucket" : "the bucket must exist",
    document: shouldCreateBuckets ? document : { mustExist: true },
    commands: shouldCreateBuckets ? [create] : [],
  };
}

function planPublicAccess(spec: BucketSpec, bucket: string): SetupStep {
  const document = buildPublicAccess(spec, bucket);
  const off = Object.keys(document).filter((name) => document[name] === false);
  const about = `Block Public Access: ${off.length === 0 ? "all on" : `on, except ${off.join(", ")}`}`;
  return planSetting(spec, { kind: "public_access", bucket, about, document, isEmpty: false });
}

function planPolicy(spec: BucketSpec, bucket: string): SetupStep {
  const policy = buildBucketPolicy(spec, bucket);
  const names = policy.Statement.map(({ Sid }) => Sid).join(", ");
  const about = `bucket policy: ${names || "no statements"}`;
  const document = { ...policy };
  return planSetting(spec, { kind: "policy", bucket, about, document, isEmpty: names === "" });
}

/** Also for a bucket that needs no rules: an earlier run may have set some. */
function planCors(spec: BucketSpec, bucket: string): SetupStep {
  const document = buildCors(spec, bucket);
  const isEmpty = listRules(document, "CORSRules").length === 0;
  const rules = isEmpty ? "no rules" : `GET and HEAD for pages of ${spec.corsOrigins.join(", ")}`;
  return planSetting(spec, { kind: "cors", bucket, about: `CORS: ${rules}`, document, isEmpty });
}

/** Also for a bucket without variants: a rule that stayed would delete originals. */
function planLifecycle(spec: BucketSpec, bucket: string): SetupStep {
  const document = buildLifecycle(spec, bucket);
  const isEmpty = listRules(document, "Rules").length === 0;
  const { expireDays, variants } = spec;
  const expiry =
    expireDays === undefined
      ? "variants stay"
      : `variants are deleted ${expireDays} days after they were made`;
  const about =
    bucket === variants.bucket
      ? `lifecycle below ${variants.prefix}: ${expiry}; unfinished uploads are deleted`
      : "lifecycle: no rules";
  return planSetting(spec, { kind: "lifecycle", bucket, about, document, isEmpty });
}

function planWebsite(spec: BucketSpec, bucket: string): SetupStep | undefined {
  const { website, variants } = spec;
  if (website === undefined || bucket !== variants.bucket) return undefined;
  const document = buildWebsite(spec, website);
  const about = `website: missing variants (403 and 404) are redirected to ${website.service}`;
  return planSetting(spec, { kind: "website", bucket, about, document, isEmpty: false });
}

function planNotifications(spec: BucketSpec, bucket: string): SetupStep | undefined {
  const { notify, originals } = spec;
  if (notify === undefined || bucket !== originals.bucket) return undefined;
  const document = buildNotifications(spec);
  const isEmpty = notify === "none";
  const about = `notifications of originals: ${notify}`;
  const step = planSetting(spec, { kind: "notifications", bucket, about, document, isEmpty });
  const note = isEmpty ? undefined : explainNotifications(spec);
  return note === undefined ? step : { ...step, note };
}

interface PlannedSetting extends Pick<SetupStep, "bucket" | "about" | "document"> {
  readonly kind: keyof typeof COMMANDS;
  /** There is nothing to set; an earlier run's part is removed. */
  readonly isEmpty: boolean;
}

function planSetting(spec: BucketSpec, { isEmpty, ...step }: PlannedSetting): SetupStep {
  if (isEmpty) return { ...step, commands: [] };
  const { kind, bucket, document } = step;
  const own = PROVIDERS[spec.provider].commands?.[kind];
  if (own) return { ...step, commands: own(spec, bucket) };
  const [operation, option] = COMMANDS[kind];
  const words = [operation, "--bucket", bucket, option, printDocument(dropEmpty(document))];
  return { ...step, commands: [printAws(spec, "s3api", ...words)] };
}

/** Drops an empty list of topics, which the AWS CLI does not need. */
function dropEmpty(document: Json): Json {
  const { TopicConfigurations: topics, ...rest } = document;
  return Array.isArray(topics) && topics.length === 0 ? rest : document;
}
