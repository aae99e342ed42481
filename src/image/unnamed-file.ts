import { randomUUID } from "node:crypto";
import { open, unlink } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { platform, tmpdir } from "node:os";
import { join } from "node:path";

/** Memory, which can be written to where nothing else can, or else whatever there is. */
const FOLDERS = ["/dev/shm", tmpdir()];

/**
 * Lends bytes as a file that has a path, but no name: no other user can read it, and it goes with this process at the
 * latest. `undefined` where there is none to be had: anywhere but on Linux, and where there is no room.
 */
export async function lendAsFile<T>(
  bytes: Uint8Array,
  use: (path: string) => Promise<T>,
): Promise<T | undefined> {
  if (platform() !== "linux") return undefined;
  for (const folder of FOLDERS) {
    const file = await openUnnamed(folder);
    if (!file) continue;
    try {
      if (await canWrite(file, bytes)) return await use(`/proc/self/fd/${file.fd}`);
    } finally {
      await file.close();
    }
  }
  return undefined;
}

async function openUnnamed(folder: string): Promise<FileHandle | undefined> {
  const path = join(folder, `shift-media-${randomUUID()}`);
  try {
    const file = await open(path, "wx+", 0o600);
    await unlink(path);
    return file;
  } catch {
    return undefined;
  }
}

async function canWrite(file: FileHandle, bytes: Uint8Array): Promise<boolean> {
  try {
    await file.writeFile(bytes);
    return true;
  } catch {
    return false;
  }
}
