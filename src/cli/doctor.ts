import { cutTrailingSlashes } from "../url/percent.ts";
import type { Command } from "commander";
import { ConfigError } from "../config/error.ts";
import { readEndpoint } from "../config/store.ts";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/config.ts";
import { examineAround, examineStore } from "../ops/doctor/check.ts";
import type { Surroundings } from "../ops/doctor/check.ts";
import type { Finding, Findings } from "../ops/doctor/result.ts";
import { fail, ok } from "../ops/doctor/result.ts";
import { examineFolders } from "../ops/doctor/checks/folders.ts";
import { examineMachine, thisPlatform } from "../ops/doctor/checks/machine.ts";
import { MediaError } from "../errors.ts";
import { chooseDelivery } from "../http/answer/delivery.ts";
import { createS3Client } from "../store/s3/client.ts";
import { createPublicPresign } from "../service/s3-stores.ts";
import { parseTransform } from "../transform/parse.ts";
import type { Transform } from "../transform/transform.ts";
import { createUrls } from "../url/urls.ts";
import { printFailure } from "./options/environment.ts";
import { signerOf } from "./sign.ts";

interface DoctorOptions {
  readonly service?: string;
  readonly cdn?: string;
  readonly original?: string;
  readonly json?: boolean;
}

/** `shift-media doctor` */
export function addDoctor(program: Command): void {
  program
    .command("doctor")
    .description("check this machine, configuration and bucket, and say what mends what is wrong")
    .option("--service <url>", "also have a variant made by a running service")
    .option("--cdn <url>", "also ask the CDN before the service, and look at its cache key")
    .option("--original <key>", "to ask variants of; one is found otherwise")
    .option("--json", "print a line of JSON for each check")
    .action(async (options: DoctorOptions) => {
      try {
        await run(options);
      } catch (error) {
        printFailure(error);
      }
    });
}

/** Ends with 1 when a check has failed. */
async function run(options: DoctorOptions): Promise<void> {
  const counts = { ok: 0, warn: 0, fail: 0, skipped: 0 };
  checkUrls(options);
  let needsSetup = false;
  for await (const finding of examine(options)) {
    counts[finding.status] += 1;
    if (/shift-media setup .*--apply/.test(finding.remedy ?? "")) needsSetup = true;
    process.stdout.write(options.json ? `${JSON.stringify(finding)}\n` : printFinding(finding));
  }
  if (counts.fail > 0) process.exitCode = 1;
  if (options.json) return;
  const sums = `${counts.ok} ok, ${counts.warn} warnings, ${counts.fail} failed, ${counts.skipped} skipped`;
  process.stdout.write(`${sums}; docs/troubleshooting.md has more\n`);
  // it takes away what it is not asked for again
  if (needsSetup) process.stdout.write("give setup all options that it had before, too\n");
}

function checkUrls({ service, cdn }: DoctorOptions): void {
  for (const url of [service, cdn]) {
    if (url === undefined || /^https?:\/\/[^?#\s]+$/.test(url)) continue;
    const problem = `--service and --cdn must be http or https URLs, got "${url}"`;
    throw new MediaError("invalid_body", problem);
  }
}

function printFinding({ check, status, says, remedy }: Finding): string {
  const line = `${status.padEnd(8)}${check}: ${says}`;
  return `${printable(remedy === undefined ? line : `${line}; mend: ${remedy}`)}\n`;
}

/** Some of it was said by whatever answered: it is to be read, and not obeyed by a terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "\uFFFD");
}

async function* examine(options: DoctorOptions): Findings {
  yield* examineMachine(thisPlatform(), () => import("sharp"));
  let config: Config;
  try {
    config = loadConfig(process.env);
    yield ok("configuration", describe(config));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const says = error.message.replaceAll("\n", "; ");
    yield fail(
      "configuration",
      says,
      "set these variables right: docs/configuration.md has them all",
    );
    return;
  }
  const around = surroundingsOf(config, options);
  const { store } = config;
  if (store.kind === "s3") {
    yield* examineBuckets(config, around);
    return;
  }
  yield* examineFolders({ originals: store.originalsDir, variants: store.variantsDir });
  yield* examineAround(around, options.original, config.publicUrl);
}

function describe({ store, delivery, publicUrl }: Config): string {
  const where =
    store.kind === "s3"
      ? `originals in "${store.originalsBucket}", variants in "${store.variantsBucket}"`
      : "folders";
  return `${where}, delivery ${delivery}${publicUrl === undefined ? "" : ` to ${publicUrl}`}`;
}

async function* examineBuckets(config: Config, around: Surroundings): Findings {
  const { store, access, prefix, publicUrl, cache, delivery } = config;
  if (store.kind !== "s3") return;
  const client = createS3Client({ forcePathStyle: store.forcePathStyle });
  const way = chooseDelivery(delivery, () => false, {
    hasPublicUrl: publicUrl !== undefined,
    canPresign: true,
  });
  try {
    const patient = {
      client,
      originals: { bucket: store.originalsBucket, prefix: access.originals.prefix },
      variants: { bucket: store.variantsBucket, prefix: prefix.root },
      publicUrl,
      ...(way === "presigned" && { presign: createPublicPresign(store) }),
      arePublicOriginals: access.originals.passthrough === "redirect",
      cacheControl: cache.stored,
      endpoint: readEndpoint(process.env) ?? (await awsEndpoint(client.config.region)),
    };
    yield* examineStore(patient, around);
  } finally {
    client.destroy();
  }
}

async function awsEndpoint(region: () => Promise<string>): Promise<string> {
  const name = await region().catch(() => "us-east-1");
  return `https://s3.${name}.amazonaws.com`;
}

function surroundingsOf(config: Config, options: DoctorOptions): Surroundings {
  const { service, cdn, original } = options;
  return {
    service: service && cutTrailingSlashes(service),
    cdn: cdn && cutTrailingSlashes(cdn),
    original,
    basePath: config.basePath,
    variantPath: (key) => pathOf(config, key, ""),
    autoPath: (key) => pathOf(config, key, ",f_auto"),
  };
}

/** Never contacted: only its path is used. */
const NOWHERE = "http://localhost";

/** The path of some variant that anybody may ask for, or one that is signed. */
function pathOf(config: Config, key: string, more: string): string | undefined {
  const text = pickTransform(config);
  if (text === undefined) return undefined;
  try {
    const urls = createUrls({
      baseUrl: NOWHERE + config.basePath,
      variantsRoot: config.prefix.root,
      ...(config.access.secrets.length > 0 && { sign: signerOf(config) }),
    });
    const transform: unknown = parseTransform(text + more, config.access.presets);
    return urls.url(key, transform as Transform).slice(NOWHERE.length); // it has just been parsed
  } catch (error) {
    if (error instanceof MediaError) return undefined; // the key is none of an original
    throw error;
  }
}

function pickTransform({ access }: Config): string | undefined {
  const { policy, presets, secrets } = access;
  if (policy.isOpen || secrets.length > 0) return "w_64";
  const [preset] = presets.keys();
  if (preset !== undefined) return `t_${preset}`;
  const [width] = policy.allowed?.widths ?? [];
  return width === undefined ? undefined : `w_${width}`;
}
