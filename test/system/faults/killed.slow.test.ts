import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { startCli, waitForUrl } from "../../support/service/cli.ts";
import { decode, drawPhoto } from "../../support/images.ts";
import { createFolders, until } from "../../support/service/server.ts";

let child: ChildProcess | undefined;
let remove: (() => Promise<void>) | undefined;

afterEach(async () => {
  child?.kill("SIGKILL");
  await remove?.();
});

async function serve(environment: Readonly<Record<string, string>>): Promise<string> {
  // in production it makes no variants of its own to print their URLs
  const own = { NODE_ENV: "production", PORT: "0", POOL_SIZE: "1" };
  const run = startCli(["serve"], { environment: { ...own, ...environment } });
  child = run.process;
  return waitForUrl(run);
}

async function listVariants(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.parentPath.includes(".shift-media"))
    .map((entry) => join(entry.parentPath, entry.name));
}

describe("a service that is killed", () => {
  it("leaves variants that are whole or not there, and goes on with them", async () => {
    const folders = await createFolders({ "photo.jpg": await drawPhoto(600, 400) });
    ({ remove } = folders);
    const environment = { ORIGINALS_DIR: folders.originals, VARIANTS_DIR: folders.variants };
    const url = await serve(environment);
    const paths = Array.from({ length: 30 }, (_, index) => `/w_${300 + index},f_png/photo.jpg`);
    const asked = paths.map((path) => fetch(url + path).catch(() => undefined));
    await until(async () => (await listVariants(folders.variants)).length > 2);
    const closed = child && once(child, "close");
    child?.kill("SIGKILL");
    await closed;
    await Promise.all(asked);
    const left = await listVariants(folders.variants);
    expect(left.length).toBeLessThan(paths.length);
    const widths = await Promise.all(left.map(async (path) => decode(await readFile(path))));
    expect(widths.every(({ width }) => width >= 300 && width < 330)).toBe(true);

    const again = await serve(environment);
    for (const path of paths.slice(0, 6)) {
      const answer = await fetch(again + path);
      expect(answer.status).toBe(200);
      const { width } = await decode(Buffer.from(await answer.arrayBuffer()));
      expect(path).toContain(`w_${width},`);
    }
  });
});
