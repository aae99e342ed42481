// Time of a cold miss against sharp alone, in the same run: the same originals, settings and number of
// lanes, in turns. Usage: npm run bench [-- FOLDER], with a folder of JPEG photographs; without one
// pictures are drawn.
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { encode } from "../src/image/formats.ts";
import type { PictureFormat } from "../src/transform/spec.ts";
import { drawPhoto } from "../test/support/images.ts";

const LANES = availableParallelism();
const ROUNDS = 5;
const MAIN = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

interface Case {
  readonly name: string;
  readonly width: number;
  readonly format: PictureFormat;
  readonly originals: readonly string[];
}

interface Service {
  readonly process: ChildProcess;
  readonly url: string;
}

const folder = await mkdtemp(join(tmpdir(), "shift-media-bench-"));
const originals = join(folder, "originals");
await mkdir(originals);
const service = await start();
try {
  const cases = await prepare(process.argv[2]);
  process.stdout.write(
    `${LANES} lanes, ${ROUNDS} rounds, medians; ratio = sharp alone / service\n`,
  );
  process.stdout.write("| case | sharp ms | service ms | ratio |\n|---|---|---|---|\n");
  for (const [index, one] of cases.entries()) await compare(one, index);
} finally {
  service.process.kill("SIGTERM");
  await new Promise((resolve) => {
    service.process.on("close", resolve);
  });
  await rm(folder, { recursive: true });
}

async function prepare(photos: string | undefined): Promise<readonly Case[]> {
  const small = photos ? await readPhotos(photos) : [];
  while (small.length < 8) small.push(await drawPhoto(2048, 1365));
  const large = await Promise.all(small.slice(0, 4).map(enlarge));
  const [two, twelve] = [await writeAll("2k", small.slice(0, 8)), await writeAll("12mp", large)];
  const formats = ["jpg", "webp", "avif", "png"] as const;
  return [
    ...formats.map((format) => ({
      name: `2K to 512 ${format}`,
      width: 512,
      format,
      originals: two,
    })),
    { name: "12 MP to 300 jpg", width: 300, format: "jpg", originals: twelve },
  ];
}

async function readPhotos(path: string): Promise<Buffer[]> {
  const names = (await readdir(path)).filter((name) => /\.jpe?g$/i.test(name)).slice(0, 8);
  return Promise.all(names.map((name) => readFile(join(path, name))));
}

/** 12 megapixels, with grain so that the entropy stays that of a camera's picture. */
async function enlarge(photo: Buffer): Promise<Buffer> {
  const [width, height] = [4000, 3000];
  const noise = { type: "gaussian", mean: 128, sigma: 12 } as const;
  const grain = await sharp({ create: { width, height, channels: 3, background: "#888", noise } })
    .png()
    .toBuffer();
  return sharp(photo)
    .resize(width, height)
    .composite([{ input: grain, blend: "soft-light" }])
    .jpeg({ quality: 85 })
    .toBuffer();
}

async function writeAll(prefix: string, pictures: readonly Buffer[]): Promise<readonly string[]> {
  return Promise.all(
    pictures.map(async (bytes, index) => {
      const name = `${prefix}-${index}.jpg`;
      await writeFile(join(originals, name), bytes);
      return name;
    }),
  );
}

async function compare(one: Case, index: number): Promise<void> {
  const times: { alone: number[]; served: number[] } = { alone: [], served: [] };
  for (let round = 0; round < ROUNDS + 1; round += 1) {
    // another width each time makes each request a miss
    const width = one.width - round - index * ROUNDS;
    const alone = await inLanes(one.originals, (name) => makeAlone(name, width, one.format));
    const served = await inLanes(one.originals, (name) => request(name, width, one.format));
    if (round === 0) continue; // warming up
    times.alone.push(alone);
    times.served.push(served);
  }
  const [alone, served] = [median(times.alone), median(times.served)];
  const cells = [one.name, alone.toFixed(1), served.toFixed(1), (alone / served).toFixed(2)];
  process.stdout.write(`| ${cells.join(" | ")} |\n`);
}

/** Milliseconds per picture. */
async function inLanes(
  names: readonly string[],
  work: (name: string) => Promise<unknown>,
): Promise<number> {
  const queue = [...names];
  const begin = performance.now();
  await Promise.all(
    Array.from({ length: LANES }, async () => {
      for (let name = queue.shift(); name !== undefined; name = queue.shift()) await work(name);
    }),
  );
  return (performance.now() - begin) / names.length;
}

async function makeAlone(name: string, width: number, format: PictureFormat): Promise<void> {
  const image = sharp(await readFile(join(originals, name)), { autoOrient: true, failOn: "error" });
  await encode(image.resize({ width, withoutEnlargement: true }), { format }).toBuffer();
}

async function request(name: string, width: number, format: PictureFormat): Promise<void> {
  const answer = await fetch(`${service.url}/w_${width},f_${format}/${name}`);
  if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
}

async function start(): Promise<Service> {
  sharp.concurrency(1);
  sharp.cache(false);
  const args = [
    "serve",
    "--port",
    "0",
    "--originals",
    originals,
    "--variants",
    join(folder, "variants"),
  ];
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, LOG_LEVEL: "silent" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      const found = /http:\S+/.exec(chunk.toString());
      if (found) resolve(found[0]);
    });
    child.on("exit", () => reject(new Error("the service did not start")));
  });
  return { process: child, url };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
