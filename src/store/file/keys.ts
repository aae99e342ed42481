import { MediaError } from "../../errors.ts";

/** The folder for the store's own files; keys must not begin with it. */
export const PRIVATE_FOLDER = ".shift-media";

const MAX_SEGMENT_BYTES = 255;

/**
 * @throws MediaError `invalid_key` for a key that a file system cannot hold, or that would leave the folder
 */
export function checkFileKey(key: string): void {
  const segments = key.split("/");
  for (const segment of segments) {
    const problem = findProblem(segment);
    if (!problem) continue;
    throw new MediaError("invalid_key", `the file store cannot hold a key with ${problem}`);
  }
  if (segments[0] === PRIVATE_FOLDER) {
    throw new MediaError("invalid_key", `keys under "${PRIVATE_FOLDER}/" are the file store's own`);
  }
}

function findProblem(segment: string): string | undefined {
  if (segment === "") return "an empty segment";
  if (segment === "." || segment === "..") return `"${segment}" as a segment`;
  if (segment.includes("\0")) return "a NUL character";
  if (process.platform === "win32" && /[\\:]/.test(segment)) return '"\\" or ":"';
  const isLong = Buffer.byteLength(segment) > MAX_SEGMENT_BYTES;
  return isLong ? `a segment of over ${MAX_SEGMENT_BYTES} bytes` : undefined;
}

const NOT_FOUND: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENXIO"]);
const IN_THE_WAY: ReadonlySet<string> = new Set(["ENOTDIR", "EISDIR", "EEXIST", "ENOTEMPTY"]);

export function isNotFound(error: unknown): boolean {
  return NOT_FOUND.has(getErrorCode(error));
}

/** Explains an error of publishing an object: a folder is in its place, or a file in place of its folder. */
export function explainPublishError(key: string, error: unknown): unknown {
  if (!IN_THE_WAY.has(getErrorCode(error))) return error;
  const problem = `the file store cannot hold "${key}" beside a key that uses it as a folder`;
  return new MediaError("invalid_key", problem, { cause: error });
}

/** Translates an error of the file system. */
export function translateFileError(error: unknown): MediaError {
  if (error instanceof MediaError) return error;
  const isTooLong = getErrorCode(error) === "ENAMETOOLONG";
  return isTooLong
    ? new MediaError("invalid_key", "the key is too long for the file store", { cause: error })
    : new MediaError("store_failed", "the file store failed", { cause: error });
}

function getErrorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
