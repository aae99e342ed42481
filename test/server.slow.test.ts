import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import express from "express";
import { afterEach, describe, expect, it } from "vitest";
import { createHandler } from "../src/server.ts";
import { decode, drawPhoto } from "./support/images.ts";
import { findPort } from "./support/service/ports.ts";
import { createFolders, until } from "./support/service/server.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

const cleanUps: (() => Promise<unknown> | void)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function createEnvironment(): Promise<Record<string, string>> {
  const folders = await createFolders({ "a.jpg": await drawPhoto(300, 200) });
  cleanUps.push(folders.remove);
  return {
    ORIGINALS_DIR: folders.originals,
    VARIANTS_DIR: folders.variants,
    BASE_PATH: "/media",
    POOL_SIZE: "1",
  };
}

async function expectImage(url: string): Promise<void> {
  const image = await fetch(`${url}/media/w_120/a.jpg`);
  expect([image.status, image.headers.get("content-type")]).toEqual([200, "image/jpeg"]);
  const bytes = new Uint8Array(await image.arrayBuffer());
  expect(await decode(bytes)).toMatchObject({ width: 120, height: 80 });
  expect((await fetch(`${url}/media/w_0/a.jpg`)).status).toBe(400);
}

/** An application of Next whose only route is the service. */
async function writeNextApplication(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "shift-media-next-"));
  cleanUps.push(() => rm(folder, { recursive: true, force: true }));
  const route = join(folder, "app", "media", "[...path]");
  await mkdir(route, { recursive: true });
  await mkdir(join(folder, "node_modules"));
  for (const name of ["next", "react", "react-dom"]) {
    await symlink(join(ROOT, "test/node_modules", name), join(folder, "node_modules", name));
  }
  // as npm installs it: a bundler follows a link out of node_modules
  const installed = join(folder, "node_modules", "shift-media");
  for (const name of ["package.json", "dist"]) {
    await cp(join(ROOT, name), join(installed, name), { recursive: true });
  }
  await symlink(join(ROOT, "node_modules"), join(installed, "node_modules"));
  const files = {
    "package.json": '{ "type": "module" }',
    "next.config.mjs": 'export default { serverExternalPackages: ["shift-media"] };',
    "app/layout.jsx": "export default ({ children }) => <html><body>{children}</body></html>;",
    "app/media/[...path]/route.js": `
      import { createHandler } from "shift-media/server";
      const media = createHandler();
      export const dynamic = "force-dynamic";
      export const GET = async (request) => (await media).fetch(request);
    `,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

describe("createHandler", () => {
  it("is middleware of Express, wherever it is mounted", async () => {
    const media = await createHandler({ environment: await createEnvironment() });
    cleanUps.push(media.close);
    for (const mount of ["/", "/media"]) {
      const app = express();
      app.use(mount, media.middleware);
      app.get("/", (_, response) => void response.send("the application"));
      const server = await new Promise<Server>((resolve) => {
        const listening = app.listen(0, "127.0.0.1", () => resolve(listening));
      });
      cleanUps.push(() => void server.close());
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      await expectImage(url);
      expect(await (await fetch(url)).text()).toBe("the application");
    }
  });

  it("is a route of Next", { timeout: 180_000 }, async () => {
    const environment = {
      ...process.env,
      ...(await createEnvironment()),
      NEXT_TELEMETRY_DISABLED: "1",
    };
    const folder = await writeNextApplication();
    const next = join(ROOT, "test/node_modules/next/dist/bin/next");
    const options = { cwd: folder, env: { ...environment, NODE_ENV: "production" } };
    await promisify(execFile)(process.execPath, [next, "build", "--webpack"], options);
    const port = await findPort();
    const args = [next, "start", "-p", String(port), "-H", "127.0.0.1"];
    const running: ChildProcess = spawn(process.execPath, args, { ...options, stdio: "ignore" });
    cleanUps.push(async () => {
      const ended = new Promise((resolve) => running.once("exit", resolve));
      running.kill();
      await ended;
    });
    const url = `http://127.0.0.1:${port}`;
    await until(async () => (await fetch(url).catch(() => undefined)) !== undefined);
    await expectImage(url);
  });
});
