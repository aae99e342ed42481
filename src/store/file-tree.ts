import { mkdir, readdir, realpath, rmdir, stat } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { isNotFound, PRIVATE_FOLDER } from "./file-keys.ts";

const MAX_ATTEMPTS = 10;

/** Runs `write`, and again with its folder made should that not be there, or have been deleted meanwhile. */
export async function intoFolder<T>(path: string, write: (path: string) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await write(path);
    } catch (error) {
      if (!isNotFound(error) || attempt === MAX_ATTEMPTS) throw error;
    }
    await mkdir(dirname(path), { recursive: true });
  }
}

/** Where roots really are: as many as there are stores. */
const realRoots = new Map<string, string>();

/** A link that leads out of the folder leads nowhere. */
export async function isInside(root: string, path: string): Promise<boolean> {
  const real = await realpath(path);
  const known = realRoots.get(root);
  if (known !== undefined && isBelow(known, real)) return true;
  // a root may be a link that leads elsewhere by now
  const realRoot = await realpath(root);
  realRoots.set(root, realRoot);
  return isBelow(realRoot, real);
}

function isBelow(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** Where a file is to be written: its folder is there, or is to be made, or a link out of the root leads there. */
export type Place = "there" | "to make" | "outside";

export async function findPlace(root: string, path: string): Promise<Place> {
  const target = dirname(path);
  let folder = target;
  while (folder.length > root.length) {
    try {
      if (!(await isInside(root, folder))) return "outside";
      break;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      folder = dirname(folder);
    }
  }
  return folder === target ? "there" : "to make";
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
      const isLinkToFile = entry.isSymbolicLink() && (await isFileInside(root, join(root, key)));
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

async function isFileInside(root: string, path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile() && (await isInside(root, path));
  } catch {
    return false; // it leads nowhere
  }
}
