import { printExamples } from "./options/examples.ts";
import type { Command } from "commander";
import type { Config } from "../config/config.ts";
import { UsageError } from "../ops/usage-error.ts";
import { createSigner } from "../sign.ts";
import { splitTarget, splitPath } from "../url/path.ts";
import { readArguments } from "./exit.ts";
import { printResult, readConfig } from "./options/environment.ts";

/** `shift-media sign` */
export function addSign(program: Command): void {
  program
    .command("sign")
    .description("sign a URL or a path with the first secret of SIGNING_SECRETS")
    .argument(
      "<url>",
      "as it is requested: https://img.example.com/w_300/cat.jpg or /w_300/cat.jpg",
    )
    .addHelpText("after", printExamples("shift-media sign https://img.example.com/w_300/cat.jpg"))
    .action(async (url: string) => {
      const config = readConfig("sign URLs");
      if (config) await printResult(() => readArguments(() => signUrl(url, config)));
    });
}

function signUrl(url: string, config: Config): string {
  const { origin, target } = splitUrl(url.replace(/#.*/s, ""));
  const { signature, path } = splitTarget(target, config.basePath);
  splitPath(path, config.access.presets); // refuse to sign a URL that the service would refuse
  const sign = getSigner(config);
  // an old signature is replaced; the rest stays as it was written
  const written = target.slice(config.basePath.length);
  const rest = signature === undefined ? written : written.slice(written.indexOf("/", 1));
  return `${origin}${config.basePath}/s--${sign(path)}--${rest}`;
}

/** @throws UsageError when SIGNING_SECRETS is not set */
export function getSigner({ access }: Config): (text: string) => string {
  const [secret] = access.secrets;
  if (secret !== undefined) return createSigner(secret);
  throw new UsageError("set SIGNING_SECRETS: a signature needs a secret");
}

/** Splits a URL into its origin and its target, which stays as it was written; a path may lack its first slash. */
export function splitUrl(url: string): { readonly origin: string; readonly target: string } {
  const [origin = ""] = /^https?:\/\/[^/?#]*/i.exec(url) ?? [];
  const target = url.slice(origin.length);
  return { origin, target: target.startsWith("/") ? target : `/${target}` };
}
