import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { drawUnique } from "../support/library/library.ts";
import { findPort } from "../support/service/ports.ts";

const run = promisify(execFile);

/** The recipes of docs/library.md by the file names in their first lines. */
async function readRecipes(): Promise<ReadonlyMap<string, string>> {
  const page = await readFile("docs/library.md", "utf8");
  const blocks = [...page.matchAll(/```ts\n\/\/ (\S+\.ts)\n(.*?)```/gs)];
  return new Map(blocks.map(([, name = "", code = ""]) => [name, code]));
}

let project: string;
let recipes: ReadonlyMap<string, string>;

/** A project of its own that has the package as it is built, and knows nothing else of it. */
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "shift-media-recipes-"));
  const modules = join(project, "node_modules");
  await mkdir(join(modules, "@hono"), { recursive: true });
  await mkdir(join(modules, "@types"));
  await symlink(process.cwd(), join(modules, "shift-media"));
  for (const name of ["hono", "@hono/node-server", "@types/node", "zod"]) {
    await symlink(join(process.cwd(), "node_modules", name), join(modules, name));
  }
  recipes = await readRecipes();
  for (const [name, code] of recipes) {
    await mkdir(dirname(join(project, name)), { recursive: true });
    await writeFile(join(project, name), code);
  }
  await writeFile(join(project, "package.json"), '{ "type": "module" }');
  await mkdir(join(project, "photos"));
  await writeFile(join(project, "photos", "a.jpg"), await drawUnique());
  await writeFile(join(project, "photos", "b.txt"), "no image");
});
afterAll(() => rm(project, { recursive: true, force: true }));

const TSX = ["--no-warnings", "--import", join(process.cwd(), "node_modules/tsx/dist/loader.mjs")];

describe("the recipes of docs/library.md", () => {
  it("are those of Hono, Next and a script", () => {
    const names = ["hono.ts", "app/api/media/[[...key]]/route.ts", "import.ts"];
    expect([...recipes.keys()]).toEqual(names);
  });

  it("compile in a strict project", async () => {
    const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2023"];
    const rest = ["--types", "node", "--skipLibCheck", "--exactOptionalPropertyTypes"];
    const tsc = join(process.cwd(), "node_modules/typescript/bin/tsc");
    const compiled = await run(process.execPath, [tsc, ...options, ...rest, ...recipes.keys()], {
      cwd: project,
    }).catch((error: { stdout: string }) => error);
    expect(compiled.stdout).toBe("");
  });

  it("import a folder, and again what is new", async () => {
    const args = [...TSX, "import.ts", "photos"];
    const first = await run(process.execPath, args, { cwd: project });
    expect(first.stdout).toMatch(/^put photos\/[\da-f]{40}\.jpg\n$/);
    expect(first.stderr).toContain("refused b.txt the file must be one of image");
    const again = await run(process.execPath, args, { cwd: project });
    expect(again.stdout).toBe(first.stdout.replace("put", "there already"));
  });

  it("serve Hono, for users of their own", async () => {
    const port = await findPort();
    const env = { ...process.env, PORT: String(port) };
    const server = spawn(process.execPath, [...TSX, "hono.ts"], { cwd: project, env });
    const url = `http://127.0.0.1:${port}/media`;
    const headers = { "x-user": "ann" };
    try {
      await vi.waitFor(() => fetch(url), 20_000);
      expect((await fetch(url)).status).toBe(401);
      const form = new FormData();
      form.set("file", new File([await drawUnique()], "ferry.jpg"));
      form.set("meta", '{"alt":"A ferry"}');
      const put = await fetch(url, { method: "POST", headers, body: form });
      const item = (await put.json()) as { readonly key: string };
      expect([put.status, item]).toMatchObject([
        201,
        { name: "ferry.jpg", meta: { alt: "A ferry" } },
      ]);
      expect((await fetch(`${url}/${item.key}`, { headers })).status).toBe(200);
      expect((await fetch(`${url}/${item.key}`, { headers: { "x-user": "bob" } })).status).toBe(
        404,
      );
      const deleted = await fetch(`${url}/${item.key}`, { method: "DELETE", headers });
      expect(await deleted.json()).toMatchObject({ deleted: [item.key] });
    } finally {
      server.kill();
    }
  });
});
