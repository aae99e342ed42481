import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drawQuadrants } from "../support/images.ts";
import { linesOf, runCli } from "../support/service/cli.ts";

let root: string;
let environment: Readonly<Record<string, string>>;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "shift-media-"));
  environment = {
    ORIGINALS_DIR: join(root, "originals"),
    VARIANTS_DIR: join(root, "variants"),
    REQUEST_TIMEOUT_MS: "200",
    POOL_SIZE: "1",
  };
  await mkdir(join(root, "photos", "trip"), { recursive: true });
  const image = await drawQuadrants(60, 40).png().toBuffer();
  await writeFile(join(root, "photos", "a b.png"), image);
  await writeFile(join(root, "photos", "trip", "ü.png"), image);
  await writeFile(join(root, "photos", "note.txt"), "no image");
});
afterAll(() => rm(root, { recursive: true, force: true }));

function run(...args: readonly string[]): ReturnType<typeof runCli> {
  return runCli(args, { environment });
}

describe("the commands of the media library", () => {
  it("put a folder, list it, describe, change, move and delete files", async () => {
    const put = await run("put", join(root, "photos"), "--prefix", "in/");
    expect([put.code, put.output.split("\n").toSorted()]).toEqual([
      1,
      ["", "in/a b.png\timage/png\t60x40\t", "in/trip/ü.png\timage/png\t60x40\t"].map((line) =>
        line === "" ? "" : expect.stringContaining(line),
      ),
    ]);
    expect(put.errors).toContain("note.txt: the file must be one of image");
    expect(put.errors).toContain("2 put, 1 refused");
    const again = await run("put", join(root, "photos", "a b.png"), "--prefix", "in/");
    expect([again.code, again.errors]).toEqual([1, expect.stringContaining("already")]);

    const listed = await run("ls", "in/", "--json");
    expect(linesOf(listed.output).map(({ key }) => key)).toEqual(["in/a b.png", "in/trip/ü.png"]);
    expect((await run("usage", "in/trip/")).output).toMatch(/^1 files, \d+ B\n$/);
    expect((await run("info", "in/a b.png")).output).toContain("\nwidth: 60\nheight: 40\n");
    expect(await run("info", "none.png")).toMatchObject({ code: 1, output: "" });

    const focal = await run("focal", "in/a b.png", "0.25x0.75", "--json");
    expect(linesOf(focal.output)[0]).toMatchObject({ focal: { x: 0.25, y: 0.75 } });
    expect((await run("focal", "in/a b.png", "2x0")).code).toBe(2);
    expect((await run("mv", "in/a b.png", "in/trip/ü.png")).code).toBe(1);
    expect((await run("mv", "in/a b.png", "c.png")).code).toBe(0);

    const asked = await run("rm", "--prefix", "in/");
    expect([asked.code, asked.errors]).toEqual([2, expect.stringContaining('1 files under "in/"')]);
    expect((await run("rm", "c.png", "--prefix", "in/", "--yes")).code).toBe(2);
    expect((await run("rm", "c.png", "--after", "5", "--yes")).code).toBe(2);
    const removed = await run("rm", "--prefix", "in/", "--yes", "--json");
    expect(linesOf(removed.output)[0]).toMatchObject({ deleted: ["in/trip/ü.png"] });
    expect(linesOf((await run("ls", "--json")).output).map(({ key }) => key)).toEqual(["c.png"]);
  });
});
