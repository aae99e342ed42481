import { randomUUID } from "node:crypto";
import { access, constants, link, mkdir, rm, stat, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Finding, Findings } from "../result.ts";
import { fail, ok, warn } from "../result.ts";

export interface Folders {
  readonly originals: string;
  readonly variants: string;
}

const FEW_BYTES = 1024 * 1024 * 1024;
const FEW_FILES = 10_000;

/** Whether the folders that stand for buckets can be used. */
export async function* examineFolders({ originals, variants }: Folders): Findings {
  yield await checkOriginals(originals);
  const writing = await checkVariants(variants);
  yield writing;
  if (writing.status !== "fail") yield await checkSpace(variants);
}

async function checkOriginals(folder: string): Promise<Finding> {
  const check = "folder of originals";
  try {
    const found = await stat(folder);
    if (!found.isDirectory()) throw new Error("it is no folder");
    await access(folder, constants.R_OK | constants.X_OK);
    return ok(check, `${folder} can be read`);
  } catch (error) {
    return fail(
      check,
      `${folder}: ${reasonOf(error)}`,
      `mkdir -p ${folder}, or name another one: ORIGINALS_DIR, --originals`,
    );
  }
}

/** Variants are written beside their place, and linked into it. */
async function checkVariants(folder: string): Promise<Finding> {
  const check = "folder of variants";
  const name = join(folder, `.shift-media-doctor-${randomUUID()}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(name, "shift-media doctor");
    await link(name, `${name}-link`);
    return ok(check, `${folder} can be written, and has hard links`);
  } catch (error) {
    const isLink = error instanceof Error && "syscall" in error && error.syscall === "link";
    const remedy = isLink
      ? "take a file system that has hard links (not exFAT, not some network shares)"
      : `let the user who runs this write there: chown -R "$USER" ${folder}, or name another folder: VARIANTS_DIR`;
    return fail(check, `${folder}: ${reasonOf(error)}`, remedy);
  } finally {
    await Promise.allSettled([rm(name, { force: true }), rm(`${name}-link`, { force: true })]);
  }
}

async function checkSpace(folder: string): Promise<Finding> {
  const check = "free space";
  const { bavail, bsize, ffree, files } = await statfs(folder);
  const bytes = bavail * bsize;
  const says = `${(bytes / 1e9).toFixed(1)} GB free for variants`;
  const remedy = "make room, or delete old variants; they are made again when they are asked for";
  if (bytes < FEW_BYTES) return warn(check, says, remedy);
  // some file systems count no files
  if (files > 0 && ffree < FEW_FILES) return warn(check, `only ${ffree} more files fit`, remedy);
  return ok(check, says);
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "it is not there";
  if (code === "EACCES" || code === "EPERM") return "this user may not";
  if (code === "EROFS") return "it is read-only";
  if (code === "ENOSPC") return "it is full";
  return error instanceof Error ? error.message : String(error);
}
