import { readdir, rmdir } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { fstat, mkdir, readlink, realpath, stat } from "./fs.ts";
import { isNotFound, PRIVATE_FOLDER } from "./keys.ts";
import type { ListOptions } from "../store.ts";
import { compareKeys } from "../store.ts";

const MAX_ATTEMPTS = 10;

/** Runs `write`, and again after making its folder if that is missing or was deleted meanwhile. */
export async function intoFolder<T>(path: string, write: (path: string) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await write(path);
    } catch (error) {
      if (!isNotFound(error) || attempt === MAX_ATTEMPTS) throw error;
    }
    await makeFolder(dirname(path));
  }
}

/** Makes a folder with those above it, unless another writer deletes one of them meanwhile. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Where roots really are: as many as there are stores. */
const realRoots = new Map<string, string>();

/** Links that lead out of the root are treated as missing files. */
export async function isInside(root: string, path: string): Promise<boolean> {
  return isRealPathInside(root, await realpath(path));
}

/** As `isInside`, of a file that is open: a link in its path may lead elsewhere by now. */
export async function isOpenInside(root: string, fd: number, path: string): Promise<boolean> {
  if (process.platform === "linux") {
    return isRealPathInside(root, await readlink(`/proc/self/fd/${fd}`));
  }
  const real = await realpath(path);
  const [opened, present] = [await fstat(fd), await stat(real)];
  const isSame = opened.ino === present.ino && opened.dev === present.dev;
  return isSame && isRealPathInside(root, real);
}

async function isRealPathInside(root: string, real: string): Promise<boolean> {
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
export type FolderState = "there" | "to make" | "outside";

export async function checkFolder(root: string, path: string): Promise<FolderState> {
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

/** Deletes empty folders from `folder` upwards, but never the root. */
export async function pruneFolders(root: string, folder: string): Promise<void> {
  let current = folder;
  while (current.startsWith(root) && current.length > root.length) {
    try {
      await rmdir(current);
    } catch {
      return; // it is not empty, or was deleted by another writer
    }
    current = dirname(current);
  }
}

/**
 * The keys of the files in `folder` (empty, or ending in a slash) and below it, in order, from the cursor on. With a
 * delimiter the folders in it stand for all below them; unlike those of S3, they may be empty.
 * Folders that end before it are not read; the one that it is in is read as a whole for each page.
 */
export async function* walkFiles(
  root: string,
  folder: string,
  options: ListOptions,
): AsyncGenerator<string, undefined> {
  const entries = (await readFolder(join(root, folder)))
    .map((entry) => ({ entry, key: folder + entry.name + (entry.isDirectory() ? "/" : "") }))
    .filter(({ key }) => isAhead(key, options))
    .toSorted((a, b) => compareKeys(a.key, b.key));
  for (const { entry, key } of entries) {
    if (entry.isFile()) yield key;
    else if (entry.isDirectory() && options.delimiter) yield key;
    else if (entry.isDirectory()) yield* walkFiles(root, key, options);
    else if (entry.isSymbolicLink() && (await isFileInside(root, join(root, key)))) yield key;
  }
  return undefined;
}

/** True if a file, or something in a folder (with its slash), belongs to the listing. */
function isAhead(key: string, { prefix, delimiter, cursor = "" }: ListOptions): boolean {
  const isFolder = key.endsWith("/");
  if (!key.startsWith(prefix)) return false;
  if (key === PRIVATE_FOLDER || key === `${PRIVATE_FOLDER}/`) return false;
  return compareKeys(key, cursor) > 0 || (isFolder && !delimiter && cursor.startsWith(key));
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
    return false; // a dangling link
  }
}
