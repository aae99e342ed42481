import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, readlink, stat } from "node:fs/promises";
import { platform, tmpdir } from "node:os";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { withTempFile } from "../../../src/image/sharp/temp-file.ts";

const isLinux = platform() === "linux";
const bytes = randomBytes(30_000);

/** Runs a module where no file may be larger than a few kB. */
async function runWithoutRoom(code: string): Promise<string> {
  const node = ["--input-type=module", "--eval", code];
  const args = ["-c", 'ulimit -f 8; exec "$@"', "sh", process.execPath, ...node];
  return (await promisify(execFile)("/bin/sh", args)).stdout.trim();
}

/** Tells whether a path still leads to the file that was lent by it. */
async function isStillThere(path: string): Promise<boolean> {
  const found = await readFile(path).catch(() => undefined);
  return found?.equals(bytes) ?? false;
}

/** Where a file is made. */
function find(folders?: readonly string[]): Promise<string | undefined> {
  return withTempFile(bytes, (path) => readlink(path), folders);
}

describe.runIf(isLinux)("withTempFile", () => {
  it("lends bytes by a path, without a name, and only as long as they are used", async () => {
    const read = await withTempFile(bytes, async (path) => {
      expect(await readlink(path)).toMatch(/ \(deleted\)$/);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      return { path, contents: [await readFile(path), await readFile(path)] };
    });
    expect(read?.contents.map((content) => content.equals(bytes))).toEqual([true, true]);
    expect(await isStillThere(read?.path ?? "")).toBe(false);
  });

  it("keeps those apart that are lent at a time", async () => {
    const all = Array.from({ length: 20 }, () => randomBytes(9000));
    const read = await Promise.all(all.map((each) => withTempFile(each, (path) => readFile(path))));
    expect(read.map((each, index) => each?.equals(all[index] ?? bytes))).toEqual(
      all.map(() => true),
    );
  });

  it("takes the first folder that can be written to, and memory before others", async () => {
    expect(await find(["/nowhere", "/proc"])).toBeUndefined();
    // not every file system has such files
    const other = await find([tmpdir()]);
    if (other) expect(await find(["/nowhere", "/proc", tmpdir()])).toContain(dirname(other));
    if (await find(["/dev/shm"])) expect(await find()).toMatch(/^\/dev\/shm\//);
  });

  it("closes the file when its use fails", async () => {
    let used = "";
    const failure = withTempFile(bytes, async (path) => {
      used = path;
      throw new Error("as it may");
    });
    await expect(failure).rejects.toThrow("as it may");
    expect(await isStillThere(used)).toBe(false);
  });

  it("lends nothing where there is no room", async () => {
    const module = JSON.stringify(
      new URL("../../../dist/image/sharp/temp-file.js", import.meta.url).href,
    );
    const printed = await runWithoutRoom(`
      import { withTempFile } from ${module};
      for (const length of [100, 100_000]) {
        console.log(length, await withTempFile(new Uint8Array(length), () => "used"));
      }
    `);
    expect(printed.split("\n")).toEqual(["100 used", "100000 undefined"]);
  });
});
