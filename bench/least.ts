// The least that makes variants in image processes and keeps them in files: an HTTP server, a pipe, and the calls to
// the file system that it takes to find, check and publish. What it costs beside sharp alone is the price of that.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { link, mkdir, open, realpath, stat, unlink, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Socket } from "node:net";
import { dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import { createFrameReader, readFrames, writeFrame } from "../src/image/frames.ts";
import type { Job } from "./load.ts";

const NOTHING = new Uint8Array();
const START_BYTES = 64 * 1024;
const HEADERS = "x".repeat(400);

interface Lane {
  readonly channel: Duplex;
  take: (bytes: Uint8Array) => void;
}

const [role = "", folder = "", scratch = "", lanes = "1"] = process.argv.slice(2);
if (role === "image") await runImages();
else await serve();

/** One variant after the other, as an image process makes them. */
async function runImages(): Promise<void> {
  const { default: sharp } = await import("sharp");
  const { encode } = await import("../src/image/formats.ts");
  sharp.concurrency(1);
  sharp.cache(false);
  const channel = new Socket({ fd: 3, readable: true, writable: true });
  const read = createFrameReader(({ header }) => {
    const { key, width, format } = header as Job; // the server is the only one to write here
    const options = { autoOrient: true, failOn: "error" } as const;
    const image = sharp(readFileSync(join(folder, key)), options);
    const output = encode(image.resize({ width, withoutEnlargement: true }), { format });
    void output.toBuffer().then((body) => writeFrame(channel, { header: {}, body }));
  });
  channel.on("data", (chunk: Buffer) => read(chunk));
  channel.on("close", () => process.exit());
}

async function serve(): Promise<void> {
  const idle = Array.from({ length: Number(lanes) }, startLane);
  const waiting: ((lane: Lane) => void)[] = [];
  const make = async (job: Job): Promise<Uint8Array> => {
    const lane = idle.pop() ?? (await new Promise<Lane>((resolve) => void waiting.push(resolve)));
    const made = await new Promise<Uint8Array>((resolve) => {
      lane.take = resolve;
      writeFrame(lane.channel, { header: job, body: NOTHING });
    });
    const next = waiting.shift();
    if (next) next(lane);
    else idle.push(lane);
    return made;
  };
  for (const name of ["temp", "headers", "variants"]) await mkdir(join(scratch, name));
  const server = createServer((request, response) => {
    const job = readJob(request);
    const variant = join(scratch, "variants", job.key, `w_${job.width}.${job.format}`);
    void find(join(folder, job.key), variant)
      .then(() => make(job))
      .then((bytes) => {
        response.end(bytes);
        return keep(variant, bytes);
      });
  });
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo; // it listens on a port, not on a pipe
    process.stdout.write(`http://127.0.0.1:${port}\n`);
  });
}

function startLane(): Lane {
  const { argv, execArgv, execPath } = process;
  const args = [...execArgv, argv[1] ?? "", "image", folder];
  const child = spawn(execPath, args, { stdio: ["ignore", "ignore", "inherit", "pipe"] });
  const lane: Lane = { channel: child.stdio[3] as Duplex, take: () => undefined }; // a pipe goes both ways
  readFrames(lane.channel, ({ body }) => lane.take(body));
  return lane;
}

/** Of URLs as the service has them. */
function readJob({ url = "" }: IncomingMessage): Job {
  const [, width, format, key = ""] = /^\/w_(\d+),f_(\w+)\/(.+)$/.exec(url) ?? [];
  return { key, width: Number(width), format: format as Job["format"] }; // nobody but the bench asks
}

async function find(original: string, variant: string): Promise<void> {
  await stat(variant).catch(() => undefined);
  const handle = await open(original);
  await realpath(original);
  await handle.stat();
  await handle.read(Buffer.allocUnsafeSlow(START_BYTES), 0, START_BYTES, 0);
  await handle.close();
}

async function keep(variant: string, bytes: Uint8Array): Promise<void> {
  await realpath(dirname(variant)).catch(() => undefined);
  await realpath(join(scratch, "variants"));
  const temp = join(scratch, "temp", randomUUID());
  const handle = await open(temp, "wx");
  await handle.writeFile(bytes);
  await handle.stat();
  await handle.close();
  await writeFile(join(scratch, "headers", randomUUID()), HEADERS);
  await mkdir(dirname(variant), { recursive: true });
  await link(temp, variant);
  await unlink(temp);
}
