import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { platform, tmpdir } from "node:os";

/** Folders to try: memory first, which is writable where nothing else is. */
const FOLDERS: readonly string[] = ["/dev/shm", tmpdir()];

/** `O_TMPFILE` of open(2), for a file without a name. Node lacks the constant. */
const UNNAMED = 0o20_000_000 | constants.O_DIRECTORY;

/** The path of an open file of this process. Other processes cannot use it. */
export type TempPath = `/proc/self/fd/${number}`;

/**
 * Writes bytes to a temp file for `use`. The file is gone afterwards, or when this process ends. `undefined` if there can
 * be no such file: on other systems than Linux, and on full disks.
 *
 * @throws what `use` throws
 */
export async function withTempFile<T>(
  bytes: Uint8Array,
  use: (path: TempPath) => Promise<T>,
  folders: readonly string[] = FOLDERS,
): Promise<T | undefined> {
  if (!canMakeTempFiles()) return undefined;
  for (const folder of folders) {
    const file = await openUnnamed(folder);
    if (!file) continue;
    try {
      if (await tryToWrite(file, bytes)) return await use(`/proc/self/fd/${file.fd}`);
    } finally {
      await file.close();
    }
  }
  return undefined;
}

/** True if this system has such files, full or not. */
export function canMakeTempFiles(): boolean {
  return platform() === "linux";
}

async function openUnnamed(folder: string): Promise<FileHandle | undefined> {
  try {
    return await open(folder, constants.O_RDWR | UNNAMED, 0o600);
  } catch {
    return undefined; // the folder is missing or read-only, or its file system lacks such files
  }
}

async function tryToWrite(file: FileHandle, bytes: Uint8Array): Promise<boolean> {
  try {
    await file.writeFile(bytes);
    return true;
  } catch {
    return false; // the disk is full
  }
}
