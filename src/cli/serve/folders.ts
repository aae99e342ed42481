import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join, resolve } from "node:path";
import { UsageError } from "../../ops/usage-error.ts";

/** The folders that a command line names. */
export interface GivenFolders {
  /** The argument of the command. */
  readonly folder?: string | undefined;
  readonly originals?: string | undefined;
  readonly variants?: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Chooses the folders of a service, as the variables that stand for them. Where neither the command line nor the
 * environment says where originals are, they are in `originals`, or else in the current folder. The variants of a folder
 * of somebody's own go to a cache of theirs, so that nothing is written beside their images.
 *
 * @throws UsageError for originals that are given twice
 */
export function chooseFolders(
  { folder, originals: option, variants }: GivenFolders,
  environment: Environment,
): Environment {
  if (folder !== undefined && option !== undefined) {
    throw new UsageError(`give the folder of originals once, got "${folder}" and "${option}"`);
  }
  const chosen = folder ?? (option === undefined ? findFolder(environment) : undefined);
  const originals = chosen ?? option;
  return {
    ORIGINALS_DIR: originals,
    VARIANTS_DIR: variants ?? (chosen && chooseCache(chosen, environment)),
    ...(originals !== undefined && { S3_BUCKET: "" }),
  };
}

/** The current folder, unless there is a word about originals. */
function findFolder(environment: Environment): string | undefined {
  const isSet = environment["S3_BUCKET"] || environment["ORIGINALS_DIR"] || isFolder("originals");
  return isSet ? undefined : ".";
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The same for each start with the same folder. */
function chooseCache(folder: string, environment: Environment): string | undefined {
  if (environment["VARIANTS_DIR"]) return undefined;
  const root = environment["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  const path = resolve(folder);
  const hash = createHash("sha256").update(path).digest("hex").slice(0, 8);
  return join(root, "shift-media", `${basename(path) || "root"}-${hash}`);
}
