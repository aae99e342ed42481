import { isTypo } from "../request/typo.ts";
import { listDefaults } from "./config.ts";

/** Names that other services use, and what stands for them here. */
const FOREIGN: Readonly<Record<string, string>> = {
  S3_ENDPOINT: "AWS_ENDPOINT_URL_S3",
  S3_REGION: "AWS_REGION",
  S3_ACCESS_KEY_ID: "AWS_ACCESS_KEY_ID",
  S3_SECRET_ACCESS_KEY: "AWS_SECRET_ACCESS_KEY",
};

/** Shorter names are as likely somebody else's. */
const MIN_LENGTH = 6;

/** Lists variables that mean nothing here, each with the one that was probably meant, as sentences. */
export function listMisspelt(
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const known = Object.keys(listDefaults());
  return Object.keys(environment)
    .filter((name) => name.length >= MIN_LENGTH && !known.includes(name))
    .flatMap((name) => {
      const meant = FOREIGN[name] ?? known.find((one) => isTypo(name, one));
      return meant === undefined ? [] : `${name} is not read, did you mean ${meant}?`;
    });
}
