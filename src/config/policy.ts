import { cutTrailingSlashes } from "../url/percent.ts";
import { ConfigError } from "./error.ts";
import { MediaError } from "../errors.ts";
import type { AllowedLists, AccessPolicy } from "../transform/policy.ts";
import { printValues } from "../transform/policy.ts";
import { OPTION_NAMES, printTransform, writePiece } from "../transform/options.ts";
import { parsePresets } from "../transform/presets.ts";
import { parseTransform } from "../transform/parse.ts";
import type { Presets, TransformSpec } from "../transform/spec.ts";
import { MIN_SECRET_BYTES } from "../url/signature.ts";

export const POLICIES = ["open", "signed", "presets", "allowed"] as const;
export const VARIANT_ACCESS = ["public", "private"] as const;
export const PASSTHROUGHS = ["refuse", "allow", "redirect"] as const;
export const ORIGINALS_METADATA = ["no-location", "keep"] as const;

/** The variables that decide who may ask for what. */
export interface PolicyVariables {
  readonly POLICY?: readonly (typeof POLICIES)[number][] | undefined;
  readonly ALLOW_UNSIGNED: boolean;
  readonly SIGNING_SECRETS: readonly string[];
  readonly PRESETS: readonly string[];
  readonly ALLOWED_WIDTHS: readonly string[];
  readonly ALLOWED_HEIGHTS: readonly string[];
  readonly ALLOWED_RATIOS: readonly string[];
  readonly ALLOWED_QUALITIES: readonly string[];
  readonly ALLOWED_OPTIONS: readonly string[];
  readonly ORIGINALS?: (typeof PASSTHROUGHS)[number] | undefined;
  readonly ORIGINALS_METADATA: (typeof ORIGINALS_METADATA)[number];
  readonly ORIGINALS_PREFIX: string;
  readonly ORIGINALS_URL?: string | undefined;
  readonly PUBLIC_URL?: string | undefined;
  readonly VARIANTS: (typeof VARIANT_ACCESS)[number];
  readonly DELIVERY: string;
}

export interface PolicyConfig {
  readonly policy: AccessPolicy;
  readonly presets: Presets;
  readonly secrets: readonly string[];
  /** Stored variants are given out by their names; private ones only with a signature. */
  readonly variants: (typeof VARIANT_ACCESS)[number];
  readonly originals: {
    readonly passthrough: (typeof PASSTHROUGHS)[number];
    /** They are given out with the locations in their metadata. */
    readonly keepLocation: boolean;
    readonly prefix: string;
    readonly url: string | undefined;
  };
}

const ACCESS = /^(?:SIGNING|ALLOWED)_/;

/**
 * Refuses mistakes that would open the service unnoticed: an empty secret, a misspelt name.
 *
 * @throws ConfigError
 */
export function checkAccessVariables(
  environment: Readonly<Record<string, string | undefined>>,
  known: readonly string[],
): void {
  if (/^[\s,]*$/.test(environment["SIGNING_SECRETS"] ?? "x")) {
    throw new ConfigError("SIGNING_SECRETS is empty: give secrets, or do not set it");
  }
  const odd = Object.keys(environment).find((name) => ACCESS.test(name) && !known.includes(name));
  if (!odd) return;
  const expected = known.filter((name) => ACCESS.test(name)).join(", ");
  throw new ConfigError(`there is no variable ${odd}, expected one of ${expected}`);
}

/**
 * Derives who may ask for what.
 *
 * @param isShared others than the users of this machine probably reach the service, because it uses S3
 * @throws ConfigError when settings contradict each other, or some are missing
 */
export function derivePolicy(
  env: PolicyVariables,
  { isShared, hasOneBucket }: { readonly isShared: boolean; readonly hasOneBucket: boolean },
): PolicyConfig {
  const names = choosePolicies(env, isShared);
  const secrets = checkSecrets(env.SIGNING_SECRETS, names);
  const presets = readPresets(env.PRESETS);
  if (names.includes("presets") && presets.size === 0) {
    throw new ConfigError("POLICY=presets needs PRESETS");
  }
  const isOpen = names.includes("open");
  return {
    policy: {
      isOpen,
      hasPresets: names.includes("presets"),
      ...(names.includes("allowed") && { allowed: readLists(env) }),
    },
    presets,
    secrets,
    variants: checkVariants(env),
    originals: deriveOriginals(env, { isFree: isOpen && !isShared, hasOneBucket }),
  };
}

type PolicyName = (typeof POLICIES)[number];

function choosePolicies(env: PolicyVariables, isShared: boolean): readonly PolicyName[] {
  const { POLICY, ALLOW_UNSIGNED, SIGNING_SECRETS } = env;
  if (POLICY) return checkPolicies(POLICY, ALLOW_UNSIGNED);
  if (ALLOW_UNSIGNED) return ["open"];
  if (SIGNING_SECRETS.length > 0) return ["signed"];
  if (!isShared) return ["open"];
  const danger = "anybody could have any number of variants made and stored";
  const ways = "SIGNING_SECRETS, POLICY=presets or POLICY=allowed";
  const remedy = `set ${ways}, or POLICY=open (or ALLOW_UNSIGNED=true) to allow just that`;
  throw new ConfigError(`with S3_BUCKET ${danger}: ${remedy}`);
}

function checkPolicies(names: readonly PolicyName[], isOpen: boolean): readonly PolicyName[] {
  const printed = names.join(",");
  if (names.length === 0) throw new ConfigError(`POLICY must be some of ${POLICIES.join(", ")}`);
  if (!names.includes("open")) {
    if (!isOpen) return names;
    throw new ConfigError(`ALLOW_UNSIGNED=true contradicts POLICY=${printed}`);
  }
  if (names.length === 1) return names;
  throw new ConfigError(`POLICY=open allows everything: it has no place in "${printed}"`);
}

function checkSecrets(secrets: readonly string[], names: readonly PolicyName[]): readonly string[] {
  if (names.includes("signed") && secrets.length === 0) {
    throw new ConfigError("POLICY=signed needs SIGNING_SECRETS");
  }
  const isShort = secrets.some(
    (secret) => new TextEncoder().encode(secret).length < MIN_SECRET_BYTES,
  );
  if (!isShort) return secrets;
  throw new ConfigError(
    `each of SIGNING_SECRETS must have at least ${MIN_SECRET_BYTES} bytes: openssl rand -hex 32`,
  );
}

function readPresets(entries: readonly string[]): Presets {
  const pairs = entries.map((entry) => {
    const [name = "", ...text] = entry.split("=");
    if (text.length === 1) return [name, String(text[0])] as const;
    const expected = "a list of name=options, separated by blanks or semicolons";
    throw new ConfigError(`PRESETS must be ${expected}, got "${entry}"`);
  });
  const twice = pairs.find(([name], index) => pairs.findIndex(([other]) => other === name) < index);
  if (twice) throw new ConfigError(`PRESETS has "${twice[0]}" twice`);
  return explained("PRESETS", () => parsePresets(Object.fromEntries(pairs)));
}

function readLists(env: PolicyVariables): AllowedLists {
  const lists = {
    widths: readList("ALLOWED_WIDTHS", env.ALLOWED_WIDTHS, "width"),
    heights: readList("ALLOWED_HEIGHTS", env.ALLOWED_HEIGHTS, "height"),
    ratios: readList("ALLOWED_RATIOS", env.ALLOWED_RATIOS, "aspectRatio"),
    qualities: readList("ALLOWED_QUALITIES", env.ALLOWED_QUALITIES, "quality"),
    options: env.ALLOWED_OPTIONS,
  };
  const unknown = lists.options.find((name) => !OPTION_NAMES.includes(name));
  if (unknown) {
    const expected = `some of ${OPTION_NAMES.join(", ")}`;
    throw new ConfigError(`ALLOWED_OPTIONS must be ${expected}, got "${unknown}"`);
  }
  if (lists.widths.length + lists.heights.length + lists.ratios.length === 0) {
    throw new ConfigError("POLICY=allowed needs ALLOWED_WIDTHS, ALLOWED_HEIGHTS or ALLOWED_RATIOS");
  }
  return {
    ...lists,
    widths: lists.widths.toSorted((a, b) => a - b),
    heights: lists.heights.toSorted((a, b) => a - b),
  };
}

/** The values of a list are those that the option takes. */
function readList<F extends "width" | "height" | "aspectRatio" | "quality">(
  variable: string,
  values: readonly string[],
  field: F,
): readonly NonNullable<TransformSpec[F]>[] {
  return explained(variable, () =>
    values.map((value) => {
      if (value.includes("&"))
        throw new ConfigError(`${variable} must have commas, got "${value}"`);
      return parseTransform(writePiece(field, value))[field] as never; // it has just been parsed
    }),
  );
}

function explained<T>(variable: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MediaError)) throw error;
    throw new ConfigError(`${variable} is wrong: ${error.message}`);
  }
}

function deriveOriginals(
  env: PolicyVariables,
  { isFree, hasOneBucket }: { readonly isFree: boolean; readonly hasOneBucket: boolean },
): PolicyConfig["originals"] {
  const passthrough = env.ORIGINALS ?? (isFree ? "allow" : "refuse");
  const url = env.ORIGINALS_URL ?? (hasOneBucket ? env.PUBLIC_URL : undefined);
  if (passthrough === "redirect" && url === undefined) {
    throw new ConfigError("ORIGINALS=redirect needs an ORIGINALS_URL to redirect to");
  }
  return {
    passthrough,
    keepLocation: env.ORIGINALS_METADATA === "keep",
    prefix: env.ORIGINALS_PREFIX,
    url: passthrough === "redirect" ? url && cutTrailingSlashes(url) : undefined,
  };
}

/** Prints the options of each preset, by its name. */
export function printPresets(presets: Presets): Readonly<Record<string, string>> {
  return Object.fromEntries([...presets].map(([name, spec]) => [name, printTransform(spec)]));
}

/** Refuses settings by which the names of private variants would be given to everybody. */
function checkVariants({
  VARIANTS,
  PUBLIC_URL,
  DELIVERY,
}: PolicyVariables): PolicyConfig["variants"] {
  if (VARIANTS === "private" && PUBLIC_URL !== undefined) {
    throw new ConfigError(
      "VARIANTS=private contradicts PUBLIC_URL: anybody could fetch them there",
    );
  }
  if (VARIANTS === "private" && DELIVERY === "redirect") {
    throw new ConfigError(
      "VARIANTS=private contradicts DELIVERY=redirect: set auto, presigned or stream",
    );
  }
  return VARIANTS;
}

/** Describes the policy that is in force, a line each. */
export function describePolicy({
  policy,
  presets,
  secrets,
  variants,
  originals,
}: PolicyConfig): string[] {
  const { isOpen, hasPresets, allowed } = policy;
  const names = [...presets.keys()].join(", ");
  const signed = `${secrets.length} ${secrets.length === 1 ? "secret" : "secrets"}`;
  return [
    ...(isOpen ? ["open: anybody may ask for any transform"] : []),
    ...(hasPresets ? [`presets: anybody may ask for ${names}`] : []),
    ...(allowed
      ? [`allowed: anybody may ask for what is on the lists (${printLists(allowed)})`]
      : []),
    secrets.length > 0
      ? `signed: with a signature (${signed}) anything may be asked for`
      : "no secrets: no signature is accepted",
    ...(variants === "private" ? ["stored variants: given out with a signature only"] : []),
    describeOriginals(originals),
  ];
}

function printLists({ widths, heights, ratios, qualities, options }: AllowedLists): string {
  const parts = [
    ["widths", printValues("width", widths)],
    ["heights", printValues("height", heights)],
    ["ratios", printValues("aspectRatio", ratios)],
    ["qualities", printValues("quality", qualities)],
    ["options", options.join(", ")],
  ];
  const present = parts.filter(([, list]) => list !== "");
  return present.map((part) => part.join(" ")).join("; ");
}

function describeOriginals(originals: PolicyConfig["originals"]): string {
  const { passthrough, keepLocation, prefix } = originals;
  const where = prefix ? ` under ${prefix}` : "";
  if (passthrough === "refuse") return `originals as they are${where}: not given out`;
  const how = keepLocation ? "with the locations in them" : "without the locations in them";
  return passthrough === "allow"
    ? `originals as they are${where}: given out ${how}, when they are images`
    : `originals as they are${where}: redirected to, whatever they are (nothing looks at their bytes)`;
}

/** Says by which setting originals tell where they were made, unless it is meant so. */
export function warnOfLocations({
  passthrough,
  keepLocation,
}: PolicyConfig["originals"]): string | undefined {
  if (passthrough !== "redirect" || keepLocation) return undefined;
  return "ORIGINALS=redirect gives originals out with the locations in their metadata: set ORIGINALS=allow, or ORIGINALS_METADATA=keep if this is meant";
}
