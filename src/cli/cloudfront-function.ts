import { printExamples } from "./options/examples.ts";
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import type { Config } from "../config/config.ts";
import { MAX_FUNCTION_BYTES, printFunction } from "../edge/cloudfront/config.ts";
import { MediaError } from "../errors.ts";
import { UsageError } from "../ops/usage-error.ts";
import { printResult, readConfig } from "./options/environment.ts";

const CODE = new URL("../edge/cloudfront/function.js", import.meta.url);

/** `shift-media cloudfront-function` */
export function addCloudFrontFunction(program: Command): void {
  program
    .command("cloudfront-function")
    .description("print the CloudFront Function for the configuration in the environment")
    .addHelpText("after", printExamples("shift-media cloudfront-function > function.js"))
    .action(async () => {
      const config = readConfig("print the CloudFront Function");
      if (config) await printResult(() => printChecked(config));
    });
}

/** @throws MediaError `too_large` saying what to shorten */
async function printChecked(config: Config): Promise<string> {
  const { access } = config;
  if (access.variants === "private") {
    const problem = "the Function would have CloudFront ask the bucket, for anybody";
    throw new UsageError(`VARIANTS=private contradicts it: ${problem}`);
  }
  const code = printFunction(await readFile(CODE, "utf8"), { ...config, ...access });
  const size = Buffer.byteLength(code);
  if (size <= MAX_FUNCTION_BYTES) return code;
  const lists = access.policy.allowed ? " or ALLOWED_WIDTHS" : "";
  throw new MediaError(
    "too_large",
    `the Function has ${size} bytes, CloudFront takes ${MAX_FUNCTION_BYTES}: shorten PRESETS${lists}`,
  );
}
