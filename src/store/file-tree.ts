import { mkdir, readdir, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isNotFound, PRIVATE_FOLDER } from "./file-keys.ts";

/** Runs `write` with its folder there, once more should a deletion have taken that away meanwhile. */
export async function intoFolder<T>(path: string, write: (path: string) => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  try {
    return await write(path);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await mkdir(dirname(path), { recursive: true });
    return write(path);
  }
}

/** Takes empty folders away, from `folder` upwards, but never the root. */
export async function pruneFolders(root: string, folder: string): Promise<void> {
  let current = folder;
  while (current.startsWith(root) && current.length > root.length) {
    try {
      await rmdir(current);
    } catch {
      return; // not empty, or another deletion was faster
    }
    current = dirname(current);
  }
}

/** The keys of all files below `folder` (empty, or ending in a slash), or only those right in it. */
export async function listFiles(
  root: string,
  folder: string,
  delimiter?: "/",
): Promise<readonly string[]> {
  const entries = await readFolder(join(root, folder));
  const nested = await Promise.all(
    entries.map(async (entry) => {
      const key = folder + entry.name;
      if (key === PRIVATE_FOLDER) return [];
      if (entry.isFile()) return [key];
      if (entry.isDirectory()) return delimiter ? [] : listFiles(root, `${key}/`);
      const isLinkToFile = entry.isSymbolicLink() && (await isFile(join(root, key)));
      return isLinkToFile ? [key] : [];
    }),
  );
  return nested.flat();
}

async function readFolder(path: string): Promise<Awaited<ReturnType<typeof readEntries>>> {
  try {
    return await readEntries(path);
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

function readEntries(path: string) {
  return readdir(path, { withFileTypes: true });
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}
