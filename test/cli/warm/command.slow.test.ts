import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createS3Store } from "../../../src/store/s3/store.ts";
import { linesOf, runCli, startCli } from "../../support/service/cli.ts";
import { drawPhoto } from "../../support/images.ts";
import { startS3Server } from "../../support/s3/server.ts";
import { createFolders, startTestServer, until } from "../../support/service/server.ts";

const NAMES = Array.from({ length: 12 }, (_, n) => `photo ${n}.jpg`);

let photo: Buffer;
let folders: Awaited<ReturnType<typeof createFolders>>;
let scratch: string;

beforeAll(async () => {
  photo = await drawPhoto(300, 200);
  folders = await createFolders(Object.fromEntries(NAMES.map((name) => [name, photo])));
  scratch = await mkdtemp(join(tmpdir(), "shift-media-"));
});

afterAll(async () => {
  await folders.remove();
  await rm(scratch, { recursive: true, force: true });
});

/** An environment with the originals of these tests, and a folder of variants of its own. */
function environmentOf(name: string): Readonly<Record<string, string>> {
  return {
    ORIGINALS_DIR: folders.originals,
    VARIANTS_DIR: join(scratch, name),
    PRESETS: "card=w_60,h_40",
    POOL_SIZE: "2",
  };
}

/** The stored variants, as `photo 1.jpg/w_30.webp`. */
async function storedIn({
  VARIANTS_DIR = "",
}: Readonly<Record<string, string>>): Promise<string[]> {
  const root = join(VARIANTS_DIR, "variants", "1");
  const originals = await readdir(root).catch((): string[] => []);
  const names = await Promise.all(
    originals.map(async (name) =>
      (await readdir(join(root, name))).map((file) => `${name}/${file}`),
    ),
  );
  return names.flat().toSorted();
}

function byText(a: string, b: string): number {
  return a.localeCompare(b);
}

function expectedOf(...files: readonly string[]): string[] {
  return NAMES.flatMap((name) => files.map((file) => `${name}/${file}`)).toSorted();
}

describe("shift-media warm", () => {
  it("makes variants of all originals in a folder, and of none twice", async () => {
    const environment = environmentOf("folder");
    const args = ["warm", "--prefix", "", "--transform", "w_30", "--preset", "card"];
    const first = await runCli([...args, "--format", "auto"], { environment });
    expect([first.code, first.errors]).toEqual([0, ""]);
    expect(first.output).toMatch(/^made {4}72 \(\d.*\)\nthere {3}0\nfailed {2}0\nin \d/);
    expect(await storedIn(environment)).toEqual(
      expectedOf(
        ...["avif", "jpg", "webp"].flatMap((format) => [`w_30.${format}`, `w_60,h_40.${format}`]),
      ),
    );
    const again = await runCli([...args, "--format", "auto"], { environment });
    expect([again.code, again.output]).toEqual([0, expect.stringContaining("there   72\n")]);
    expect(again.output).toContain("made    0 (0 bytes)");
  });

  it("reads keys and lines of JSON, fails in part with 1, and says why", async () => {
    const environment = environmentOf("lines");
    const list = join(scratch, "list.txt");
    await writeFile(
      list,
      'photo 1.jpg\r\ngone.jpg\n\n{"key":"photo 2.jpg","transforms":["w_9"]}\n{"key":1}\n',
    );
    const args = ["warm", "--transform", "w_30"];
    const { code, output } = await runCli([...args, "--from", list], { environment });
    expect(code).toBe(1);
    expect(output).toContain("made    2 (");
    expect(output).toContain('w_30,f_jpg/gone.jpg: there is no original "gone.jpg"');
    expect(output).toContain('line 5: "key" must be a text');
    expect(await storedIn(environment)).toEqual(["photo 1.jpg/w_30.jpg", "photo 2.jpg/w_9.jpg"]);
    const input = '{"keys":["photo 1.jpg"],"presets":["card","nope"]}\n';
    const piped = await runCli(["warm", "--from", "-", "--json"], { environment, input });
    expect(piped.code).toBe(1);
    const [one, two, sums] = linesOf(piped.output).toSorted((a, b) =>
      String(b["status"]).localeCompare(String(a["status"])),
    );
    expect(one).toMatchObject({ status: "made", transform: "t_card" });
    expect(two).toMatchObject({ status: "failed", message: expect.stringContaining("card") });
    expect(sums).toMatchObject({ status: "done", made: 1, failed: 1 });
  });

  it("splits a list over processes that share nothing", async () => {
    const environment = environmentOf("shards");
    const runs = await Promise.all(
      [1, 2, 3].map((shard) =>
        runCli(
          ["warm", "--prefix", "photo", "--transform", "w_30", "--shard", `${shard}/3`, "--json"],
          { environment },
        ),
      ),
    );
    const made = runs.flatMap(({ output }) =>
      linesOf(output).filter(({ status }) => status === "made"),
    );
    expect(made.map(({ key }) => String(key)).toSorted(byText)).toEqual(NAMES.toSorted(byText));
    expect(await storedIn(environment)).toEqual(expectedOf("w_30.jpg"));
  });

  it("stops in good order at a signal, and goes on when it is called again", async () => {
    const environment = environmentOf("stopped");
    const large = await createFolders(Object.fromEntries(NAMES.map((name) => [name, photo])));
    const args = ["warm", "--prefix", "", "--json", "--concurrency", "1"];
    const formats = ["--format", "auto", "--transform", "w_290", "--transform", "w_280"];
    const all = { ...environment, ORIGINALS_DIR: large.originals };
    try {
      const run = startCli([...args, ...formats], { environment: all });
      await until(async () => linesOf(run.output()).length > 3);
      run.process.kill("SIGINT");
      expect(await run.code).toBe(130);
      expect(run.errors()).toContain("to continue, give the same command again");
      const first = linesOf(run.output());
      expect(first.at(-1)).toMatchObject({ status: "stopped", failed: 0 });
      expect(await storedIn(all)).toHaveLength(first.length - 1);
      expect(first.length).toBeLessThan(72);
      const rest = await runCli([...args, ...formats], { environment: all });
      expect(rest.code).toBe(0);
      expect(linesOf(rest.output).at(-1)).toMatchObject({
        there: first.length - 1,
        made: 72 - (first.length - 1),
      });
    } finally {
      await large.remove();
    }
  });

  it("refuses what makes no sense, with 2", async () => {
    const cases: readonly (readonly [args: readonly string[], message: string])[] = [
      [[], "give one of --from, --prefix and --renew"],
      [["--from", "-", "--prefix", "a"], "give one of --from, --prefix and --renew"],
      [["--prefix", ""], '"transforms", "presets" or "formats" must be given'],
      [["--prefix", "", "--transform", "w_1", "--shard", "4/3"], "--shard must be like 2/5"],
      [["--prefix", "", "--transform", "w200"], 'unknown option "w200"'],
      [["--prefix", "", "--preset", "nope"], 'option "t" must be '],
      [["--prefix", "", "--format", "bmp"], 'option "f" must be '],
      [["--from", "-", "--strict"], "--strict needs --prefix"],
      [["--prefix", "", "--transform", "w_1", "--concurrency", "0"], "must be from 1 to 999"],
      [["--from", "-", "--service", "img.example.com"], "--service must be an http or https URL"],
      [["--from", "-", "--enqueue", "--concurrency", "2"], "--concurrency cannot be used with"],
    ];
    const options = { environment: environmentOf("none"), input: "" };
    const runs = await Promise.all(cases.map(([args]) => runCli(["warm", ...args], options)));
    for (const [index, { code, output, errors }] of runs.entries()) {
      expect([code, output]).toEqual([2, ""]);
      expect(errors).toContain(cases[index]?.[1]);
    }
  });

  it("says which file is not there", async () => {
    const args = ["warm", "--from", join(scratch, "nope.txt"), "--transform", "w_1"];
    const { code, errors } = await runCli(args, { environment: environmentOf("none") });
    expect(code).toBe(1);
    expect(errors).toMatch(/ENOENT.*nope\.txt/);
  });
});

describe("shift-media warm --service", () => {
  const token = "0123456789abcdef";

  it("has a running service do it, in parts, with a token", async () => {
    const environment = environmentOf("service");
    const server = await startTestServer({ ...environment, ADMIN_TOKEN: token });
    try {
      const input = `${NAMES.join("\n")}\n{"broken\n`;
      const args = ["warm", "--from", "-", "--service", server.url, "--transform", "w_30"];
      const refused = await runCli(args, { input });
      expect([refused.code, refused.errors]).toEqual([1, expect.stringContaining("401")]);
      const { code, output } = await runCli(args, { input, environment: { ADMIN_TOKEN: token } });
      expect(code).toBe(1);
      expect(output).toContain("made    12 (");
      expect(output).toContain("line 13: the text must be JSON");
      const listed = ["warm", "--prefix", "photo 1", "--service", server.url, "--preset", "card"];
      const more = await runCli(listed, { environment: { ...environment, ADMIN_TOKEN: token } });
      expect([more.code, more.output]).toEqual([0, expect.stringContaining("made    3 (")]);
      expect(await storedIn(environment)).toEqual(
        [
          ...expectedOf("w_30.jpg"),
          ...expectedOf("w_60,h_40.jpg").filter((name) => name.startsWith("photo 1")),
        ].toSorted(),
      );
    } finally {
      await server.stop();
    }
  });
});

describe("shift-media warm with S3", () => {
  it("works on the bucket, and passes the variants in it over", async () => {
    const server = await startS3Server();
    try {
      const { endpoint, region, credentials, originalsBucket: bucket } = server;
      const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
      const store = createS3Store({ client, bucket, timeoutMs: 5000 });
      const names = NAMES.slice(0, 3);
      for (const name of names) await store.put(`a/${name}`, photo, { contentType: "image/jpeg" });
      const environment = {
        S3_BUCKET: bucket,
        SIGNING_SECRETS: "0123456789abcdef",
        AWS_ENDPOINT_URL_S3: endpoint,
        AWS_REGION: region,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        POOL_SIZE: "1",
      };
      for (const [width, made, there] of [
        [30, 3, 0],
        [30, 0, 3],
        [40, 3, 0],
      ]) {
        const args = ["warm", "--prefix", "", "--transform", `w_${width}`, "--json"];
        const { code, output } = await runCli(args, { environment });
        expect(code).toBe(0);
        expect(linesOf(output).at(-1)).toMatchObject({ made, there, failed: 0 });
      }
      expect((await store.list({ prefix: "variants/" })).keys).toEqual(
        names.flatMap((name) => [30, 40].map((width) => `variants/1/a/${name}/w_${width}.jpg`)),
      );
      client.destroy();
    } finally {
      await server.stop();
    }
  });
});
