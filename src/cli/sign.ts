import type { Command } from "commander";
import type { Config } from "../config/config.ts";
import { MediaError } from "../errors.ts";
import { createSigner } from "../sign.ts";
import { readTarget, splitPath } from "../url/path.ts";
import { printResult, readConfig } from "./options/environment.ts";

/** `shift-media sign` */
export function addSign(program: Command): void {
  program
    .command("sign")
    .description("sign a URL or a path with the first of SIGNING_SECRETS")
    .argument(
      "<url>",
      "as it is requested: https://img.example.com/w_300/cat.jpg or /w_300/cat.jpg",
    )
    .action(async (url: string) => {
      await printResult(() => signUrl(url));
    });
}

function signUrl(url: string): string {
  const config = readConfig("sign");
  if (!config) return "";
  const { origin, target } = splitUrl(url.replace(/#.*/s, ""));
  const { signature, path } = readTarget(target, config.basePath);
  splitPath(path, config.access.presets); // what the service would refuse is not worth a signature
  const sign = signerOf(config);
  // what was signed before is signed anew; the rest stays as it was written
  const written = target.slice(config.basePath.length);
  const rest = signature === undefined ? written : written.slice(written.indexOf("/", 1));
  return `${origin}${config.basePath}/s--${sign(path)}--${rest}`;
}

/** @throws MediaError when there is no secret to sign with */
export function signerOf({ access }: Config): (text: string) => string {
  const [secret] = access.secrets;
  if (secret !== undefined) return createSigner(secret);
  throw new MediaError("invalid_signature", "SIGNING_SECRETS must be set to sign with");
}

/** Cuts a URL before its path, which is left as it is written. */
export function splitUrl(url: string): { readonly origin: string; readonly target: string } {
  const [origin = ""] = /^https?:\/\/[^/?#]*/i.exec(url) ?? [];
  return { origin, target: url.slice(origin.length) || "/" };
}
