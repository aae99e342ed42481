import { randomUUID } from "node:crypto";
import { access, constants, link, mkdir, rm, stat, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CheckResult, CheckResults } from "../result.ts";
import { fail, ok, warn } from "../result.ts";

export interface Folders {
  readonly originals: string;
  readonly variants: string;
}

/** Free bytes, and files that fit, below which there is a warning. */
const FEW_BYTES = 1024 * 1024 * 1024;
const FEW_FILES = 10_000;

/** Checks the folders that are used in place of buckets. */
export async function* checkFolders({ originals, variants }: Folders): CheckResults {
  yield await checkOriginals(originals);
  const writing = await checkVariants(variants);
  yield writing;
  if (writing.status !== "fail") yield await checkSpace(variants);
}

async function checkOriginals(folder: string): Promise<CheckResult> {
  const check = "folder of originals";
  try {
    const found = await stat(folder);
    if (!found.isDirectory()) throw new Error("it is not a folder");
    await access(folder, constants.R_OK | constants.X_OK);
    return ok(check, `${folder} can be read`);
  } catch (error) {
    return fail(
      check,
      `${folder}: ${explainFileError(error)}`,
      `mkdir -p ${folder}, or set ORIGINALS_DIR to another folder`,
    );
  }
}

/** Variants are written to a temp file, and then linked to their name. */
async function checkVariants(folder: string): Promise<CheckResult> {
  const check = "folder of variants";
  const name = join(folder, `.shift-media-doctor-${randomUUID()}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(name, "shift-media doctor");
    await link(name, `${name}-link`);
    return ok(check, `${folder} can be written, and has hard links`);
  } catch (error) {
    const isLink = error instanceof Error && "syscall" in error && error.syscall === "link";
    const fix = isLink
      ? "use a file system with hard links (exFAT and some network shares have none)"
      : `let this user write there: chown -R "$USER" ${folder}, or set VARIANTS_DIR to another folder`;
    return fail(check, `${folder}: ${explainFileError(error)}`, fix);
  } finally {
    await Promise.allSettled([rm(name, { force: true }), rm(`${name}-link`, { force: true })]);
  }
}

async function checkSpace(folder: string): Promise<CheckResult> {
  const check = "free space";
  const { bavail, bsize, ffree, files } = await statfs(folder);
  const bytes = bavail * bsize;
  const message = `${(bytes / 1e9).toFixed(1)} GB free for variants`;
  const fix =
    "free some space, for example by deleting old variants: they are made again when they are requested";
  if (bytes < FEW_BYTES) return warn(check, message, fix);
  // some file systems count no files
  if (files > 0 && ffree < FEW_FILES) return warn(check, `only ${ffree} more files fit`, fix);
  return ok(check, message);
}

function explainFileError(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "it does not exist";
  if (code === "EACCES" || code === "EPERM") return "this user has no permission";
  if (code === "EROFS") return "it is read-only";
  if (code === "ENOSPC") return "it is full";
  return error instanceof Error ? error.message : String(error);
}
