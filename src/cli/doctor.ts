import { printExamples } from "./options/examples.ts";
import type { Command } from "commander";
import { ConfigError } from "../config/error.ts";
import { readEndpoint } from "../config/store.ts";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/config.ts";
import { checkOutside, checkStore } from "../ops/doctor/check.ts";
import type { Outside } from "../ops/doctor/check.ts";
import type { CheckResult, CheckResults } from "../ops/doctor/result.ts";
import { fail, ok } from "../ops/doctor/result.ts";
import { checkFolders } from "../ops/doctor/checks/folders.ts";
import { checkRecipes } from "../ops/doctor/checks/recipes.ts";
import { ANSWER_MS } from "../ops/doctor/target.ts";
import { checkMachine, readPlatform } from "../ops/doctor/checks/machine.ts";
import { MediaError } from "../errors.ts";
import { readRecipe, RECIPE } from "../media/recipe.ts";
import { escapeControls } from "../logger.ts";
import { chooseDelivery } from "../http/answer/delivery.ts";
import { isImageKey } from "../image/input/formats.ts";
import { createFileStore } from "../store/file/store.ts";
import { createS3Client } from "../store/s3/client.ts";
import type { ObjectStore } from "../store/store.ts";
import { createS3Store } from "../store/s3/store.ts";
import type { VariantPrefix } from "../url/variant-key.ts";
import { isUnderRoot } from "../url/variant-key.ts";
import { createPublicPresign } from "../service/s3-stores.ts";
import { EXIT, reportFailure } from "./exit.ts";
import { buildSamplePath } from "./sample.ts";
import { readUrl } from "./options/values.ts";

interface DoctorOptions {
  readonly service?: string | undefined;
  readonly cdn?: string | undefined;
  readonly original?: string;
  readonly json?: boolean;
}

/** `shift-media doctor` */
export function addDoctor(program: Command): void {
  program
    .command("doctor")
    .description(
      "check this machine, its configuration and its bucket, and explain how to fix problems",
    )
    .option("--service <url>", "also request a variant from a running service")
    .option("--cdn <url>", "also request it from the CDN, and check its cache key")
    .option("--original <key>", "original to request variants of; default: one that is found")
    .option("--json", "print a line of JSON for each check")
    .addHelpText("after", printExamples("shift-media doctor --service https://img.example.com"))
    .action(async (options: DoctorOptions) => {
      try {
        await run(options);
      } catch (error) {
        reportFailure(error);
      }
    });
}

async function run({ service, cdn, ...rest }: DoctorOptions): Promise<void> {
  const options = { ...rest, service: readUrl("--service", service), cdn: readUrl("--cdn", cdn) };
  const counts = { ok: 0, warn: 0, fail: 0, skipped: 0 };
  let needsSetup = false;
  for await (const result of checkAll(options)) {
    counts[result.status] += 1;
    if (/shift-media setup .*--apply/.test(result.fix ?? "")) needsSetup = true;
    process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : printResult(result));
  }
  if (counts.fail > 0) process.exitCode = EXIT.failed;
  if (options.json) return;
  const sums = `${counts.ok} ok, ${counts.warn} warnings, ${counts.fail} failed, ${counts.skipped} skipped`;
  process.stdout.write(`${sums}; docs/troubleshooting.md explains more\n`);
  // setup removes what it is not asked for again
  if (needsSetup)
    process.stdout.write("repeat all earlier options of setup: it removes the others\n");
}

function printResult({ check, status, message, fix }: CheckResult): string {
  const line = `${status.padEnd(8)}${check}: ${message}`;
  return `${escapeControls(fix === undefined ? line : `${line}; fix: ${fix}`)}\n`;
}

async function* checkAll(options: DoctorOptions): CheckResults {
  yield* checkMachine(readPlatform(), () => import("sharp"));
  let config: Config;
  try {
    config = loadConfig(process.env);
    yield ok("configuration", describe(config));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const message = error.message.replaceAll("\n", "; ");
    yield fail(
      "configuration",
      message,
      "correct these variables; docs/configuration.md lists them all",
    );
    return;
  }
  const outside = describeOutside(config, options);
  const { store } = config;
  if (store.kind === "s3") {
    yield* checkBuckets(config, outside);
    return;
  }
  yield* checkFolders({ originals: store.originalsDir, variants: store.variantsDir });
  const original = options.original ?? (await findImage(config, store.originalsDir));
  yield await checkStored(createFileStore({ root: store.variantsDir }), config.prefix);
  yield* checkOutside(outside, original, config.publicUrl);
}

function checkStored(variants: ObjectStore, { root, epoch }: VariantPrefix): Promise<CheckResult> {
  return checkRecipes({ variants, folder: `${root}${epoch}/`, recipe: RECIPE, readRecipe });
}

/** Finds an image in a folder of originals, or in one of its folders. */
async function findImage({ access, prefix }: Config, root: string): Promise<string | undefined> {
  try {
    const { keys } = await createFileStore({ root }).list({ prefix: access.originals.prefix });
    return keys.find((key) => isImageKey(key) && !isUnderRoot(prefix.root, key));
  } catch (error) {
    if (error instanceof MediaError) return undefined; // another check reports it
    throw error;
  }
}

function describe({ store, delivery, publicUrl }: Config): string {
  const where =
    store.kind === "s3"
      ? `originals in "${store.originalsBucket}", variants in "${store.variantsBucket}"`
      : "folders";
  return `${where}, delivery ${delivery}${publicUrl === undefined ? "" : ` to ${publicUrl}`}`;
}

async function* checkBuckets(config: Config, outside: Outside): CheckResults {
  const { store, access, prefix, publicUrl, cache, delivery } = config;
  if (store.kind !== "s3") return;
  const client = createS3Client({ forcePathStyle: store.forcePathStyle });
  const way = chooseDelivery(delivery, () => false, {
    hasPublicUrl: publicUrl !== undefined,
    canPresign: true,
  });
  try {
    const target = {
      client,
      originals: { bucket: store.originalsBucket, prefix: access.originals.prefix },
      variants: { bucket: store.variantsBucket, prefix: prefix.root },
      publicUrl,
      ...(way === "presigned" && { presign: createPublicPresign(store) }),
      arePublicOriginals: access.originals.passthrough === "redirect",
      cacheControl: cache.stored,
      endpoint: readEndpoint(process.env) ?? (await awsEndpoint(client.config.region)),
    };
    yield* checkStore(target, outside);
    const variants = { client, bucket: store.variantsBucket, timeoutMs: ANSWER_MS };
    yield await checkStored(createS3Store(variants), prefix);
  } finally {
    client.destroy();
  }
}

async function awsEndpoint(region: () => Promise<string>): Promise<string> {
  const name = await region().catch(() => "us-east-1");
  return `https://s3.${name}.amazonaws.com`;
}

function describeOutside(config: Config, options: DoctorOptions): Outside {
  const { service, cdn, original } = options;
  return {
    service,
    cdn,
    original,
    basePath: config.basePath,
    buildVariantPath: (key) => buildSamplePath(config, key),
    buildAutoPath: (key) => buildSamplePath(config, key, { more: "f_auto" }),
  };
}
