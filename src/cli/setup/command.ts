import type { Command } from "commander";
import { Option } from "commander";
import type { Config } from "../../config/config.ts";
import { readEndpoint } from "../../config/store.ts";
import { MediaError } from "../../errors.ts";
import { applyIam } from "../../ops/setup/manual/iam.ts";
import type { AccessKey } from "../../ops/setup/manual/iam.ts";
import { applySteps } from "../../ops/setup/apply.ts";
import type { Outcome } from "../../ops/setup/outcome.ts";
import type { Plan } from "../../ops/setup/plan.ts";
import { createPlan } from "../../ops/setup/plan.ts";
import type { Wish } from "../../ops/setup/spec.ts";
import { ACCESSES, FLAVOURS, guessFlavour } from "../../ops/setup/spec.ts";
import { createS3Client } from "../../store/s3/client.ts";
import { collect } from "../options/collect.ts";
import { printFailure, readConfig } from "../options/environment.ts";
import { readNumber } from "../options/number.ts";
import { printAccessKey, printInstructions, printOutcome, printPlan } from "./report.ts";

interface SetupOptions {
  readonly apply?: boolean;
  readonly json?: boolean;
  readonly flavour?: Wish["flavour"];
  readonly access: Wish["access"];
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
  readonly createAccessKey?: boolean;
  readonly showSecret?: boolean;
}

/** `shift-media setup` */
export function addSetup(program: Command): void {
  const command = program
    .command("setup")
    .description("print what the bucket of this environment needs, as commands; or have it so")
    .option(
      "--apply",
      "do it, with the credentials of the environment, and change only what differs",
    )
    .option("--json", "print JSON")
    .addOption(
      new Option("--flavour <kind>", "of store; guessed from the endpoint").choices(FLAVOURS),
    )
    .addOption(
      new Option("--access <who>", "may read variants").choices(ACCESSES).default("private"),
    )
    .option("--distribution <arn>", "of CloudFront, which --access cdn lets in")
    .option("--public-originals", "let everybody read originals, too")
    .option("--create-bucket", "make buckets that are not there")
    .option(
      "--principal <arn>",
      "grant the service's rights to this user or role in the bucket policy",
    )
    .option(
      "--cors-origin <origin>",
      "whose pages may read pixels; several times; default *",
      collect,
    )
    .option("--no-cors", "no CORS rules")
    .option("--expire-variants <days>", "delete variants so long after they were made")
    .option("--website", "website hosting that sends misses to --service")
    .option("--service <url>", "where the service is, for --website")
    .option("--notify <target>", "tell of originals: ARN of an SNS topic, eventbridge, or none");
  addIdentity(command);
  // as for whatever else was not asked for in the right way
  command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
  command.action(async (options: SetupOptions) => {
    const config = readConfig("set up");
    if (!config) return;
    try {
      await setUp(options, config);
    } catch (error) {
      printFailure(error);
    }
  });
}

function addIdentity(command: Command): void {
  command
    .option("--group <name>", "make a group that has the service's rights")
    .option("--user <name>", "make a user who has them, or is in the group")
    .option("--create-access-key", "make a key for that user, and print it, once")
    .option("--show-secret", "print the key although the output is JSON");
}

async function setUp(options: SetupOptions, config: Config): Promise<void> {
  const wish = await readWish(options, config);
  checkKeyOptions(options, wish);
  const plan = createPlan(wish);
  if (options.apply) await applyPlan(plan, wish, options);
  else process.stdout.write(options.json ? printJson({ wish, ...plan }) : printPlan(wish, plan));
}

function checkKeyOptions(
  { createAccessKey, apply, user, json, showSecret }: SetupOptions,
  { flavour }: Wish,
): void {
  if (!createAccessKey) return;
  if (flavour !== "aws") {
    throw misused(
      "--create-access-key is for aws: elsewhere the key is made by hand, with the user",
    );
  }
  if (!apply || user === undefined) {
    throw misused("--create-access-key needs --apply and --user");
  }
  if (json && !showSecret) {
    throw misused("--create-access-key prints a secret: with --json say --show-secret, too");
  }
}

function misused(message: string): MediaError {
  return new MediaError("invalid_body", message);
}

async function readWish(options: SetupOptions, config: Config): Promise<Wish> {
  const { store, access, prefix } = config;
  if (store.kind !== "s3") throw misused("there is no bucket to set up: S3_BUCKET is not set");
  const endpoint = readEndpoint(process.env);
  const flavour = options.flavour ?? guessFlavour(endpoint);
  return {
    flavour,
    access: options.access,
    originals: { bucket: store.originalsBucket, prefix: access.originals.prefix },
    variants: { bucket: store.variantsBucket, prefix: prefix.root },
    arePublicOriginals: options.publicOriginals === true,
    shouldCreateBuckets: options.createBucket === true,
    region: await regionOf(),
    endpoint,
    distribution: options.distribution,
    principal: principalOf(options, flavour),
    corsOrigins: originsOf(options),
    expireDays: readNumber("--expire-variants", options.expireVariants, 36_500),
    website: websiteOf(options, config),
    notify: options.notify,
    group: options.group,
    user: options.user,
  };
}

/** The gateway's users get their rights by the bucket's policy. */
function principalOf(
  { principal, user }: SetupOptions,
  flavour: Wish["flavour"],
): string | undefined {
  if (principal !== undefined || user === undefined || flavour !== "rgw") return principal;
  return `arn:aws:iam:::user/${user}`;
}

function originsOf({ cors, corsOrigin }: SetupOptions): readonly string[] {
  return cors ? (corsOrigin ?? ["*"]) : [];
}

function websiteOf({ website, service }: SetupOptions, { publicUrl }: Config): Wish["website"] {
  if (!website && service !== undefined) throw misused("--service goes with --website");
  if (!website) return undefined;
  if (service === undefined) throw misused("--website needs --service");
  return { service, publicUrl };
}

/** Of the environment, or of the profile that it names. */
async function regionOf(): Promise<string | undefined> {
  const client = createS3Client({ forcePathStyle: true });
  try {
    return await client.config.region();
  } catch {
    return undefined; // a plan can do without
  } finally {
    client.destroy();
  }
}

async function applyPlan(plan: Plan, wish: Wish, options: SetupOptions): Promise<void> {
  const outcomes: Outcome[] = [];
  const keys: AccessKey[] = [];
  for await (const outcome of applyAll(plan, wish, options.createAccessKey ? keys : undefined)) {
    outcomes.push(outcome);
    if (!options.json) printStep(outcome, keys.at(-1));
  }
  const hasFailed = outcomes.some(({ status }) => status === "failed" || status === "skipped");
  if (hasFailed) process.exitCode = 1;
  if (options.json) {
    const accessKey = keys[0] && { accessKey: keys[0] };
    process.stdout.write(printJson({ steps: outcomes, byHand: plan.byHand, ...accessKey }));
    return;
  }
  process.stdout.write(printInstructions(plan.byHand));
  if (hasFailed) process.stderr.write("to go on, give the same command again\n");
}

/** A key at once: whatever fails after it, nobody is told of it again. */
function printStep(outcome: Outcome, key: AccessKey | undefined): void {
  process.stdout.write(printOutcome(outcome));
  if (outcome.step === "access key" && key) process.stdout.write(printAccessKey(key));
}

async function* applyAll(
  plan: Plan,
  wish: Wish,
  keys: AccessKey[] | undefined,
): AsyncGenerator<Outcome> {
  const client = createS3Client({ forcePathStyle: needsPathStyle(wish) });
  try {
    yield* applySteps(plan.steps, client);
  } finally {
    client.destroy();
  }
  if (wish.flavour !== "aws") return;
  const { group, user, region } = wish;
  const onAccessKey = keys && ((key: AccessKey) => void keys.push(key));
  const iam = { group, user, policy: plan.servicePolicy, ...(onAccessKey && { onAccessKey }) };
  yield* applyIam(iam, region);
}

/** As the service does it: where an endpoint is named. */
function needsPathStyle({ endpoint }: Wish): boolean {
  const asked = process.env["S3_FORCE_PATH_STYLE"];
  return asked ? /^(?:true|1|yes|on|y|enabled)$/i.test(asked) : endpoint !== undefined;
}

function printJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
