import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import type { Config } from "../config/config.ts";
import {
  fillFunction,
  functionKindOf,
  MAX_FUNCTION_BYTES,
  seldomOptions,
} from "../edge/cloudfront/config.ts";
import { MediaError } from "../errors.ts";
import { printResult, readConfig } from "./options/environment.ts";

/** `shift-media cloudfront-function` */
export function addCloudFrontFunction(program: Command): void {
  program
    .command("cloudfront-function")
    .description("print the CloudFront Function for the configuration in the environment")
    .action(async () => {
      const config = readConfig("make a Function");
      if (config) await printResult(() => makeFunction(config));
    });
}

/** @throws MediaError `too_large` saying what to shorten */
async function makeFunction(config: Config): Promise<string> {
  const { access } = config;
  const kind = functionKindOf(access.policy);
  // the build has put them there, and from source it is the same way
  const bundle = await readFile(
    new URL(`../../dist/edge/function-${kind}.js`, import.meta.url),
    "utf8",
  );
  const code = fillFunction(bundle, { ...config, ...access });
  const size = Buffer.byteLength(code);
  if (size > MAX_FUNCTION_BYTES) throw tooLarge(size, access.policy.allowed !== undefined);
  const seldom = seldomOptions(access.policy);
  if (seldom.length > 0) {
    process.stderr.write(
      `the Function leaves these options to the service: ${seldom.join(", ")}\n`,
    );
  }
  return code;
}

function tooLarge(size: number, hasLists: boolean): MediaError {
  const problem = `the Function has ${size} bytes, CloudFront takes ${MAX_FUNCTION_BYTES}`;
  const lists = hasLists ? ", or the ALLOWED_ lists" : "";
  return new MediaError("too_large", `${problem}: shorten PRESETS${lists}`);
}
