import { access } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { toCacheTag } from "../../src/url/cache-tag.ts";
import { runCli } from "../support/service/cli.ts";
import { drawQuadrants } from "../support/images.ts";
import type { TestServer } from "../support/service/server.ts";
import { createFolders, startTestServer } from "../support/service/server.ts";

type Environment = Readonly<Record<string, string>>;

const TOKEN = "0123456789abcdef";

function run(args: readonly string[], environment: Environment = {}): ReturnType<typeof runCli> {
  return runCli(["purge", ...args], { environment });
}

let image: Buffer;

beforeAll(async () => {
  image = await drawQuadrants(60, 40).png().toBuffer();
});

describe("shift-media purge", () => {
  let folders: Awaited<ReturnType<typeof createFolders>>;
  let server: TestServer;
  let environment: Environment;

  beforeAll(async () => {
    folders = await createFolders({ "a b.png": image, "ab.png": image });
    environment = {
      ORIGINALS_DIR: folders.originals,
      VARIANTS_DIR: folders.variants,
      ADMIN_TOKEN: TOKEN,
    };
    server = await startTestServer(environment);
  });

  beforeEach(async () => {
    for (const key of ["a%20b.png", "ab.png"]) {
      const answer = await fetch(`${server.url}/w_30/${key}`, {
        method: "HEAD",
        redirect: "manual",
      });
      expect(answer.ok || answer.status === 302).toBe(true);
    }
  });

  afterAll(async () => {
    await server.stop();
    await folders.remove();
  });

  async function isThere(name: string): Promise<boolean> {
    const path = join(folders.variants, "variants/1", name);
    return (await access(path).catch((error: unknown) => error)) === undefined;
  }

  it("has a running service do it, which remembers nothing of it", async () => {
    const { code, output } = await run(["a b.png", "--service", `${server.url}/`], {
      ADMIN_TOKEN: TOKEN,
    });
    const tag = toCacheTag("a b.png");
    expect([code, output]).toEqual([
      0,
      `a b.png: 1 variants deleted, cache tag ${tag}\n  variants/1/a b.png/w_30.png\n`,
    ]);
    expect([await isThere("a b.png/w_30.png"), await isThere("ab.png/w_30.png")]).toEqual([
      false,
      true,
    ]);
    const answer = await fetch(`${server.url}/w_30/a%20b.png`, { redirect: "manual" });
    expect([answer.status, answer.headers.get("cache-tag")]).toEqual([200, tag]);
  });

  it("does it itself on the store, after it was asked what would go", async () => {
    const planned = await run(["--prefix", "a", "--json", "--dry-run"], environment);
    expect(await isThere("ab.png/w_30.png")).toBe(true);
    const remote = await run(
      ["--prefix", "a", "--json", "--dry-run", "--service", server.url],
      environment,
    );
    expect(remote).toEqual(planned);
    const done = await run(["--prefix", "a", "--json"], environment);
    expect(done).toEqual(planned);
    const lines = done.output.trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { key: string }).key)).toEqual([
      "a b.png",
      "ab.png",
    ]);
    expect(await isThere("ab.png/w_30.png")).toBe(false);
    // the memo of the service is as it was
    await run(["--prefix", "a", "--service", server.url], environment);
  });

  it.each([
    [[], {}, 2, "give either keys of originals or --prefix"],
    [["a.jpg", "--prefix", "a"], {}, 2, "give either keys of originals or --prefix"],
    [[""], {}, 2, "the key must not be empty"],
    [["--prefix", ""], {}, 2, "the prefix must not be empty"],
    [["a.jpg", "variants/1/a.jpg/w_3.jpg"], {}, 2, "must be that of an original"],
    [["a.jpg"], { ADMIN_TOKEN: "short" }, 2, "ADMIN_TOKEN"],
    [["a.jpg", "--service", "http://127.0.0.1:1"], {}, 1, "could not be reached"],
    [["a.jpg", "--service", "nowhere"], {}, 2, "must be an http or https URL"],
  ])("refuses %j", async (args, more, code, problem) => {
    const result = await run(args, { ...environment, ...more });
    expect(result).toMatchObject({ code, output: "" });
    expect(result.errors).toContain(problem);
  });

  it("says so when the token is wrong", async () => {
    const wrong = await run(["ab.png", "--service", server.url], { ADMIN_TOKEN: `${TOKEN}x` });
    expect(wrong).toMatchObject({ code: 1, output: "" });
    expect(wrong.errors).toContain("401");
    expect(await isThere("ab.png/w_30.png")).toBe(true);
  });
});
