import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { platform, tmpdir } from "node:os";

/** Memory, which can be written to where nothing else can, or else whatever there is. */
const FOLDERS: readonly string[] = ["/dev/shm", tmpdir()];

/** `O_TMPFILE` of open(2), a file that never has a name; Node has no name for that. */
const UNNAMED = 0o20_000_000 | constants.O_DIRECTORY;

/** Of a file of this process, which nobody else can open by it. */
export type TempPath = `/proc/self/fd/${number}`;

/**
 * Lends bytes as a file that is gone once they have been used, or this process has ended. `undefined` where there is
 * none to be had: anywhere but on Linux, and where there is no room.
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

/** Whether this system has such files, full or not. */
export function canMakeTempFiles(): boolean {
  return platform() === "linux";
}

async function openUnnamed(folder: string): Promise<FileHandle | undefined> {
  try {
    return await open(folder, constants.O_RDWR | UNNAMED, 0o600);
  } catch {
    return undefined; // there is no such folder, it is not to be written to, or has no such files
  }
}

async function tryToWrite(file: FileHandle, bytes: Uint8Array): Promise<boolean> {
  try {
    await file.writeFile(bytes);
    return true;
  } catch {
    return false; // there is no room
  }
}
