import { printExamples } from "./options/examples.ts";
import { cutTrailingSlashes } from "../url/percent.ts";
import type { Command } from "commander";
import type { Config } from "../config/config.ts";
import { UsageError } from "../ops/usage-error.ts";
import type { Field } from "../transform/options.ts";
import { FIELDS, OPTIONS, writePiece } from "../transform/options.ts";
import { parseTransform } from "../transform/parse.ts";
import { createUrls } from "../url/urls.ts";
import { readArguments } from "./exit.ts";
import { printResult, readConfig } from "./options/environment.ts";
import { getSigner } from "./sign.ts";

interface UrlCommandOptions {
  readonly baseUrl?: string;
  readonly sign?: boolean;
  readonly expiresIn?: string;
}

/** `shift-media url`: an option for each one of the grammar. */
export function addUrl(program: Command): void {
  const command = program
    .command("url")
    .description("print the URL of a variant, or without options that of the original")
    .argument("<key>", "key of the original, not encoded: 'photos/a b.jpg'")
    .option("--base-url <url>", "URL of the service; default: http://localhost, with PORT")
    .option("--sign", "sign the URL with the first secret of SIGNING_SECRETS")
    .option("--expires-in <time>", "sign the URL, and let it expire after 90s, 15m, 1h, 7d");
  for (const field of FIELDS) {
    if (field === "expires") continue; // people type --expires-in instead
    const { label, implied } = OPTIONS[field];
    const isFlag = implied === true;
    const flag = `--${toFlag(field)}${isFlag ? "" : " <value>"}`;
    command.option(flag, isFlag ? label : `${label}: ${OPTIONS[field].codec.expected}`);
  }
  command.addHelpText(
    "after",
    printExamples(
      "shift-media url 'photos/a b.jpg' --width 300 --format auto",
      "shift-media url cat.jpg --width 300 --expires-in 1h",
    ),
  );
  command.action(async (key: string, options: UrlCommandOptions & Given) => {
    const config = readConfig("build URLs");
    if (config) await printResult(() => readArguments(() => printUrl(key, options, config)));
  });
}

type Given = Readonly<Partial<Record<Field, string | true>>>;

/** `aspectRatio` is `--aspect-ratio`. */
function toFlag(field: Field): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function printUrl(key: string, options: UrlCommandOptions & Given, config: Config): string {
  const origin = `http://localhost:${config.port}`;
  const pieces = FIELDS.flatMap((field) => printGiven(field, options[field]) ?? []);
  const spec = parseTransform(pieces.join(","), config.access.presets);
  const expires = toExpiry(options.expiresIn);
  const shouldSign = options.sign === true || expires !== undefined;
  const urls = {
    baseUrl: cutTrailingSlashes(options.baseUrl ?? origin) + config.basePath,
    variantsRoot: config.prefix.root,
    ...(shouldSign && { sign: getSigner(config) }),
  };
  if (pieces.length === 0 && !expires) return createUrls(urls).url(key);
  return createUrls(urls).url(key, { ...spec, ...(expires && { expires }) });
}

function printGiven(field: Field, value: string | true | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (value === true) return writePiece(field, "");
  if (/[,&]/.test(value)) {
    throw new UsageError(`--${toFlag(field)} must be one value, got "${value}"`);
  }
  return writePiece(field, value);
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

function toExpiry(time: string | undefined): number | undefined {
  if (time === undefined) return undefined;
  const [, count, unit = "s"] = /^([1-9]\d{0,8})([smhd])?$/.exec(time) ?? [];
  const seconds = Number(count) * (SECONDS[unit] ?? 1);
  if (seconds > 0 && seconds < 1e9) return Math.floor(Date.now() / 1000) + seconds;
  throw new UsageError(`--expires-in must be a time such as 90s, 15m, 1h or 7d, got "${time}"`);
}
