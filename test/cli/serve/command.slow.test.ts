import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { afterEach, describe, expect, it } from "vitest";
import type { CliRun } from "../../support/service/cli.ts";
import { startCli, waitForOutput, waitForUrl } from "../../support/service/cli.ts";
import { drawPhoto } from "../../support/images.ts";
import { createFolders, readMetric, until } from "../../support/service/server.ts";

const runs: CliRun[] = [];

function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): CliRun {
  const started = startCli(args, { environment });
  runs.push(started);
  return started;
}

afterEach(async () => {
  for (const started of runs.splice(0)) {
    started.process.kill("SIGKILL");
    await started.code;
  }
});

describe("shift-media", () => {
  it("prints its version and its help", async () => {
    const { version } = JSON.parse(
      readFileSync(new URL("../../../package.json", import.meta.url), "utf8"),
    );
    const asked = run(["--version"]);
    expect(await asked.code).toBe(0);
    expect(asked.output().trim()).toBe(version);
    const help = run(["--help"]);
    expect(await help.code).toBe(0);
    expect(help.output()).toContain("serve");
    const serveHelp = run(["serve", "--help"]);
    expect(await serveHelp.code).toBe(0);
    expect(serveHelp.output()).toContain("--originals <folder>");
  });

  it("refuses what it does not know, and says where to look", async () => {
    const wrong = run(["sreve"]);
    expect(await wrong.code).not.toBe(0);
    expect(wrong.errors()).toContain('no command and no folder is called "sreve"');
    expect(wrong.errors()).toContain('did you mean "serve"?');
    const option = run(["serve", "--prot", "1"]);
    expect(await option.code).not.toBe(0);
    expect(option.errors()).toContain("unknown option '--prot'");
    // all of its help would hide what is wrong
    expect(option.errors()).toContain("--help");
    expect(option.errors().trim().split("\n").length).toBeLessThan(5);
  });
});

describe("shift-media serve", () => {
  it("names every problem of the configuration and exits with 2", async () => {
    const wrong = run(["serve", "--port", "x"], { DELIVERY: "y" });
    expect(await wrong.code).toBe(2);
    expect(wrong.errors()).toContain('PORT must be an integer from 0 to 65535, got "x"');
    expect(wrong.errors()).toContain("DELIVERY must be one of auto, redirect, presigned, stream");
  });

  it("names the folder that is not there and exits with 1", async () => {
    const wrong = run(["serve", "--port", "0", "--originals", "does/not/exist"]);
    expect(await wrong.code).toBe(1);
    expect(wrong.errors()).toMatch(/the folder ".*does\/not\/exist" does not exist/);
  });

  it("serves a folder, prints URLs that work, and stops in good order on SIGTERM", async () => {
    const folders = await createFolders({
      "my photo.jpg": await drawPhoto(300, 200),
      "large.jpg": await drawPhoto(3000, 2000),
    });
    try {
      const { originals, variants } = folders;
      const service = run([
        "serve",
        "--port",
        "0",
        "--originals",
        originals,
        "--variants",
        variants,
      ]);
      await waitForOutput(service, /Try\n[^]*,f_auto\/\S+\n/);
      const urls = service.output().match(/http:\/\/localhost:\d+\/\S+/g) ?? [];
      expect(urls).toHaveLength(5); // that of the page, and four to try
      for (const url of urls) expect([url, (await fetch(url)).status]).toEqual([url, 200]);
      const [base = ""] = /http:\/\/localhost:\d+/.exec(service.output()) ?? [];
      const slow = fetch(`${base}/w_2500,f_avif/large.jpg`);
      const [, token = ""] = await waitForOutput(service, /page: \S+#token=(\S+)/);
      expect(token).toMatch(/^[\w-]{32}$/);
      await until(async () => (await readMetric(base, "shift_media_children_busy", token)) > 0);
      service.process.kill("SIGTERM");
      expect((await slow).status).toBe(200);
      expect(await service.code).toBe(0);
    } finally {
      await folders.remove();
    }
  });

  it("makes no token in production, and prints none that it is given", async () => {
    const folders = await createFolders({});
    try {
      const { originals, variants } = folders;
      const args = ["serve", "--port", "0", "--originals", originals, "--variants", variants];
      const token = "a-token-that-is-given";
      for (const [environment, status] of [
        [{ NODE_ENV: "production" }, 404],
        [{ ADMIN_TOKEN: token }, 401],
      ] as const) {
        const service = run(args, environment);
        const url = await waitForUrl(service);
        expect((await fetch(`${url}/-/metrics`)).status).toBe(status);
        await waitForOutput(service, /folder of variants/);
        expect(service.output()).not.toMatch(/ADMIN_TOKEN|a-token/);
      }
    } finally {
      await folders.remove();
    }
  });

  it("serves a folder that is its only argument, and writes nothing beside the images", async () => {
    const folders = await createFolders({ "a.jpg": await drawPhoto(300, 200) });
    try {
      const environment = { PORT: "0", XDG_CACHE_HOME: folders.variants };
      const service = run([folders.originals], environment);
      const [url = ""] = await waitForOutput(service, /http:\/\/localhost:\d+\/w_800\S+/);
      expect((await fetch(url)).status).toBe(200);
      await until(async () => (await readdir(folders.variants)).includes("shift-media"));
      expect(await readdir(folders.originals)).toEqual(["a.jpg"]);
      const twice = run([folders.originals, "--originals", "other"], environment);
      expect(await twice.code).toBe(2);
      expect(twice.errors()).toContain("give the folder of originals once");
      const file = run([`${folders.originals}/a.jpg`], environment);
      expect(await file.code).toBe(1);
      expect(file.errors()).toContain("is a file, not a folder");
    } finally {
      await folders.remove();
    }
  });

  it("says that a folder has no images, and prints no URL that does not work", async () => {
    const folders = await createFolders({ "a.txt": Buffer.from("a") });
    const broken = await createFolders({ "a.jpg": Buffer.from("no image") });
    try {
      const environment = { PORT: "0", XDG_CACHE_HOME: folders.variants };
      await waitForOutput(run([folders.originals], environment), /no images yet/);
      const service = run([broken.originals], environment);
      await waitForOutput(service, /folder of variants/);
      expect(service.output()).not.toContain("Try");
    } finally {
      await folders.remove();
      await broken.remove();
    }
  });

  it("says that its port is taken", async () => {
    const folders = await createFolders({});
    try {
      const args = ["serve", "--originals", folders.originals, "--variants", folders.variants];
      const first = run([...args, "--port", "0"]);
      const { port } = new URL(await waitForUrl(first));
      const second = run([...args, "--port", port]);
      expect(await second.code).toBe(1);
      expect(second.errors()).toContain(`choose another port with --port or PORT`);
    } finally {
      await folders.remove();
    }
  });
});
