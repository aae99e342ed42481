import * as fs from "node:fs";
import { promisify } from "node:util";

// Calls of the file system on descriptors. `node:fs/promises` adds an object to each open file and two promises to
// each call: a third of the cost of a call that the system answers from memory.

export const openDescriptor: typeof fs.open.__promisify__ = promisify(fs.open);
export const read: typeof fs.read.__promisify__ = promisify(fs.read);
export const fstat: typeof fs.fstat.__promisify__ = promisify(fs.fstat);
export const close: typeof fs.close.__promisify__ = promisify(fs.close);
export const stat: typeof fs.stat.__promisify__ = promisify(fs.stat);
export const realpath: (path: string) => Promise<string> = promisify(fs.realpath.native);
export const readlink: (path: string) => Promise<string> = promisify(fs.readlink);
export const readFile: typeof fs.readFile.__promisify__ = promisify(fs.readFile);
export const writeFile: typeof fs.writeFile.__promisify__ = promisify(fs.writeFile);
export const mkdir: typeof fs.mkdir.__promisify__ = promisify(fs.mkdir);
export const link: typeof fs.link.__promisify__ = promisify(fs.link);
export const rename: typeof fs.rename.__promisify__ = promisify(fs.rename);
export const unlink: typeof fs.unlink.__promisify__ = promisify(fs.unlink);

/** Closes a file that was only read, without waiting: that cannot fail. */
export function closeSoon(fd: number): void {
  fs.close(fd, () => undefined);
}
