import {
  appendFile,
  mkdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { makePipe } from "../../support/store/file-scratch.ts";
import type { TestServer } from "../../support/service/server.ts";
import { createFolders, startTestServer } from "../../support/service/server.ts";

const RED = [255, 0, 0] as const;
const GREEN = [0, 255, 0] as const;

let folders: Awaited<ReturnType<typeof createFolders>>;
let server: TestServer;
/** The original, another one in each test, and how many there were. */
let path: string;
let count = 0;
let green: Buffer;
let width = 0;

beforeAll(async () => {
  green = await draw(GREEN);
  folders = await createFolders({});
  server = await startTestServer({
    ORIGINALS_DIR: folders.originals,
    VARIANTS_DIR: folders.variants,
    // the image process is the first to open the original
    FRESHNESS: "immutable",
    POOL_SIZE: "1",
  });
});

beforeEach(async () => {
  count += 1;
  path = join(folders.originals, `${count}.png`);
  await writeFile(path, await draw(RED));
  expect((await see()).color).toEqual(RED);
});

afterAll(async () => {
  await server.stop();
  await folders.remove();
});

function draw([r, g, b]: readonly [number, number, number]): Promise<Buffer> {
  const create = { width: 300, height: 200, channels: 3, background: { r, g, b } } as const;
  return sharp({ create }).png().toBuffer();
}

/** A variant that nobody has asked for yet, of the original that was located before. */
async function see(): Promise<{ status: number; color: readonly number[] | undefined }> {
  width += 1;
  const response = await fetch(`${server.url}/w_${width + 20}/${count}.png`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const color = response.ok ? [...(await sharp(bytes).removeAlpha().raw().toBuffer())] : undefined;
  return { status: response.status, color: color?.slice(0, 3) };
}

async function replace(bytes: Uint8Array): Promise<void> {
  await writeFile(`${path}.new`, bytes);
  await rename(`${path}.new`, path);
}

describe("an original that has moved since it was located", () => {
  it("is read anew when another file is in its place", async () => {
    await replace(green);
    expect(await see()).toEqual({ status: 200, color: GREEN });
    // and what was known of it is not asked for ever again
    expect(await see()).toEqual({ status: 200, color: GREEN });
  });

  it("is read anew when other bytes are in the same file", async () => {
    await writeFile(path, green);
    expect(await see()).toEqual({ status: 200, color: GREEN });
  });

  it("is what it has grown to", async () => {
    await appendFile(path, Buffer.alloc(1000));
    expect(await see()).toEqual({ status: 200, color: RED });
  });

  it("is a mistake of its owner's, and no more, when it was cut off", async () => {
    await truncate(path, 60);
    expect((await see()).status).toBe(422);
  });

  it.each([
    ["nothing", async () => undefined],
    ["a folder", () => mkdir(path)],
    ["a FIFO", async () => makePipe(path)],
    ["a link that leads nowhere", () => symlink("nowhere", path)],
  ])("is missing when %s is in its place", async (_, put) => {
    await rm(path);
    await put();
    expect((await see()).status).toBe(404);
  });

  it("is never read from outside of the folder", async () => {
    const outside = join(folders.originals, "..", "outside.png");
    await writeFile(outside, green);
    await rm(path);
    await symlink(outside, path);
    expect((await see()).status).toBe(404);
    expect(await readFile(outside)).toEqual(green);
  });
});
