import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { platform, tmpdir } from "node:os";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { lendAsFile } from "../../src/image/unnamed-file.ts";

const isLinux = platform() === "linux";

function listNames(): string[] {
  const folders = ["/dev/shm", tmpdir()];
  return folders
    .flatMap((folder) => readdirSync(folder))
    .filter((name) => /^shift-media-[\da-f]{8}-/.test(name));
}

/** Runs a module where no file may be larger than a few kB. */
async function runWithoutRoom(code: string): Promise<string> {
  const node = [...process.execArgv, "--import", "tsx", "--input-type=module", "--eval", code];
  const args = ["-c", 'ulimit -f 8; exec "$@"', "sh", process.execPath, ...node];
  return (await promisify(execFile)("/bin/sh", args)).stdout.trim();
}

describe.runIf(isLinux)("lendAsFile", () => {
  it("lends bytes by a path, but no name, and only as long as they are used", async () => {
    const bytes = randomBytes(300_000);
    const read = await lendAsFile(bytes, async (path) => {
      expect(listNames()).toEqual([]);
      return { path, content: await readFile(path), again: await readFile(path) };
    });
    expect(read?.content.equals(bytes)).toBe(true);
    expect(read?.again.equals(bytes)).toBe(true);
    expect(await readFile(read?.path ?? "").catch(() => "gone")).not.toEqual(bytes);
  });

  it("keeps those apart that are lent at a time", async () => {
    const all = Array.from({ length: 20 }, () => randomBytes(9000));
    const read = await Promise.all(all.map((bytes) => lendAsFile(bytes, (path) => readFile(path))));
    expect(read).toEqual(all);
  });

  it("closes the file when its use fails", async () => {
    let used = "";
    const bytes = randomBytes(9);
    const failure = lendAsFile(bytes, async (path) => {
      used = path;
      throw new Error("as it may");
    });
    await expect(failure).rejects.toThrow("as it may");
    expect(await readFile(used).catch(() => "gone")).not.toEqual(bytes);
  });

  it("lends nothing where there is no room", async () => {
    const module = JSON.stringify(new URL("../../src/image/unnamed-file.ts", import.meta.url).href);
    const printed = await runWithoutRoom(`
      import { lendAsFile } from ${module};
      for (const length of [100, 100_000]) {
        console.log(length, await lendAsFile(new Uint8Array(length), () => "used"));
      }
    `);
    expect(printed.split("\n")).toEqual(["100 used", "100000 undefined"]);
  });
});
