import { printExamples } from "../options/examples.ts";
import type { Command } from "commander";
import { Option } from "commander";
import type { Config } from "../../config/config.ts";
import type { StoreConfig } from "../../config/store.ts";
import { readEndpoint } from "../../config/store.ts";
import { applyPlan } from "../../ops/setup/apply.ts";
import type { SetupOutcome } from "../../ops/setup/outcome.ts";
import type { SetupPlan } from "../../ops/setup/plan.ts";
import { createPlan } from "../../ops/setup/plan.ts";
import type { BucketSpec, ProviderName } from "../../ops/setup/spec.ts";
import { ACCESSES, guessProvider, PROVIDER_NAMES } from "../../ops/setup/spec.ts";
import { UsageError } from "../../ops/usage-error.ts";
import { createS3Client } from "../../store/s3/client.ts";
import { EXIT, reportFailure } from "../exit.ts";
import { readConfig } from "../options/environment.ts";
import { collect, readNumber } from "../options/values.ts";
import { printManualSteps, printOutcome, printPlan } from "./report.ts";

interface SetupOptions {
  readonly apply?: boolean;
  readonly json?: boolean;
  readonly provider?: ProviderName;
  readonly access: BucketSpec["access"];
  readonly distribution?: string;
  readonly publicOriginals?: boolean;
  readonly createBucket?: boolean;
  readonly principal?: string;
  readonly corsOrigin?: readonly string[];
  readonly cors: boolean;
  readonly expireVariants?: string;
  readonly website?: boolean;
  readonly service?: string;
  readonly notify?: string;
  readonly group?: string;
  readonly user?: string;
}

/** `shift-media setup` */
export function addSetup(program: Command): void {
  program
    .command("setup")
    .description("print the commands that set up the bucket of this environment, or run them")
    .option(
      "--apply",
      "set up the bucket, with administrator credentials; changes only what differs",
    )
    .option("--json", "print JSON")
    .addOption(
      new Option("--provider <name>", "kind of store; default: guessed by the endpoint").choices(
        PROVIDER_NAMES,
      ),
    )
    .addOption(
      new Option("--access <readers>", "who may read variants: the service, a CDN, everybody")
        .choices(ACCESSES)
        .default("private"),
    )
    .option("--distribution <arn>", "CloudFront distribution that --access cdn admits")
    .option("--public-originals", "let everybody read originals, too")
    .option("--create-bucket", "create missing buckets")
    .option("--principal <arn>", "user or role of the service; the bucket policy grants its rights")
    .option(
      "--cors-origin <origin>",
      "origin whose pages may read pixels; repeatable; default: *",
      collect,
    )
    .option("--no-cors", "set no CORS rules")
    .option("--expire-variants <days>", "delete variants so many days after they were made")
    .option("--website", "host variants as a website that redirects missing ones to --service")
    .option("--service <url>", "URL of the service, for --website")
    .option(
      "--notify <target>",
      "announce changes of originals to the ARN of an SNS topic, to eventbridge, or to none",
    )
    .option("--group <name>", "print the commands for an IAM group with the rights of the service")
    .option("--user <name>", "print the commands for the user of the service, and grant its rights")
    .addHelpText("after", printExamples("shift-media setup --apply --create-bucket"))
    .action(async (options: SetupOptions) => {
      const config = readConfig("set up the bucket");
      if (!config) return;
      try {
        await setUp(options, config);
      } catch (error) {
        reportFailure(error);
      }
    });
}

async function setUp(options: SetupOptions, config: Config): Promise<void> {
  const { store } = config;
  if (store.kind !== "s3") throw new UsageError("set S3_BUCKET: there is no bucket to set up");
  const spec = await readSpec(options, config, store);
  const plan = createPlan(spec);
  if (options.apply) await apply(plan, options, store);
  else process.stdout.write(options.json ? printJson({ spec, ...plan }) : printPlan(spec, plan));
}

type Buckets = Extract<StoreConfig, { kind: "s3" }>;

async function readSpec(
  options: SetupOptions,
  config: Config,
  store: Buckets,
): Promise<BucketSpec> {
  const { access, prefix } = config;
  const endpoint = readEndpoint(process.env);
  const provider = options.provider ?? guessProvider(endpoint);
  return {
    provider,
    access: options.access,
    originals: { bucket: store.originalsBucket, prefix: access.originals.prefix },
    variants: { bucket: store.variantsBucket, prefix: prefix.root },
    arePublicOriginals: options.publicOriginals === true,
    shouldCreateBuckets: options.createBucket === true,
    region: await findRegion(),
    endpoint,
    distribution: options.distribution,
    principal: choosePrincipal(options, provider),
    corsOrigins: options.cors ? (options.corsOrigin ?? ["*"]) : [],
    expireDays: readNumber("--expire-variants", options.expireVariants, 36_500),
    website: readWebsite(options, config),
    notify: options.notify,
    group: options.group,
    user: options.user,
  };
}

/** A user of Ceph's gateway gets its rights from the bucket policy. */
function choosePrincipal(
  { principal, user }: SetupOptions,
  provider: ProviderName,
): string | undefined {
  if (principal !== undefined || user === undefined || provider !== "rgw") return principal;
  return `arn:aws:iam:::user/${user}`;
}

function readWebsite(
  { website, service }: SetupOptions,
  { publicUrl }: Config,
): BucketSpec["website"] {
  if (!website && service !== undefined) throw new UsageError("--service needs --website");
  if (!website) return undefined;
  if (service === undefined) throw new UsageError("--website needs --service");
  return { service, publicUrl };
}

/** The region of the environment, or of the profile that it names. */
async function findRegion(): Promise<string | undefined> {
  const client = createS3Client({ forcePathStyle: true });
  try {
    return await client.config.region();
  } catch {
    return undefined; // a plan works without one
  } finally {
    client.destroy();
  }
}

async function apply(
  plan: SetupPlan,
  options: SetupOptions,
  { forcePathStyle }: Buckets,
): Promise<void> {
  const outcomes: SetupOutcome[] = [];
  const client = createS3Client({ forcePathStyle });
  try {
    for await (const outcome of applyPlan(plan.steps, client)) {
      outcomes.push(outcome);
      if (!options.json) process.stdout.write(printOutcome(outcome));
    }
  } finally {
    client.destroy();
  }
  const { manualSteps } = plan;
  process.stdout.write(
    options.json ? printJson({ steps: outcomes, manualSteps }) : printManualSteps(manualSteps),
  );
  if (!outcomes.some(({ status }) => status === "failed" || status === "skipped")) return;
  process.exitCode = EXIT.failed;
  if (!options.json) {
    process.stderr.write("some steps failed: fix them, then give the same command again\n");
  }
}

function printJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
