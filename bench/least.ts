// The least that makes variants in image processes and keeps them, in files or in S3: an HTTP server, a pipe, and the
// calls that it takes to find, check and publish. What it costs beside sharp alone is the price of that.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Socket } from "node:net";
import { dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import { readMessages, writeMessage } from "../src/image/child/messages.ts";
import {
  close,
  closeSoon,
  fstat,
  link,
  mkdir,
  openDescriptor,
  read,
  realpath,
  stat,
  unlink,
  writeFile,
} from "../src/store/file/fs.ts";
import type { Job } from "./load.ts";

const NOTHING = new Uint8Array();
const START_BYTES = 64 * 1024;
const HEADERS = "x".repeat(400);

interface Lane {
  readonly channel: Duplex;
  take: (bytes: Uint8Array) => void;
}

/** Where originals and variants are. */
interface Place {
  /** Looks for the variant, and then for the original: its bytes, or none where the image process reads it. */
  find(job: Job): Promise<Uint8Array>;
  keep(job: Job, bytes: Uint8Array): Promise<unknown>;
}

const [role = "", originals = "", variants = "", lanes = "1", kind] = process.argv.slice(2);
if (role === "image") await runImages();
else await serve();

/** One variant after the other, as an image process makes them. */
async function runImages(): Promise<void> {
  const { default: sharp } = await import("sharp");
  const { encodeImage } = await import("../src/image/output/formats.ts");
  sharp.concurrency(1);
  sharp.cache(false);
  const channel = new Socket({ fd: 3, readable: true, writable: true });
  readMessages(channel, ({ header, body }) => {
    const { key, width, format } = header as Job; // the server is the only one to write here
    const options = { autoOrient: true, failOn: "error" } as const;
    const original = body.length > 0 ? body : readFileSync(join(originals, key));
    const image = sharp(original, options);
    const output = encodeImage(image.resize({ width, withoutEnlargement: true }), { format });
    void output.then(({ bytes }) => writeMessage(channel, { header: {}, body: bytes }));
  });
  channel.on("close", () => process.exit());
}

async function serve(): Promise<void> {
  const idle = Array.from({ length: Number(lanes) }, startLane);
  const waiting: ((lane: Lane) => void)[] = [];
  const make = async (job: Job, original: Uint8Array): Promise<Uint8Array> => {
    const lane = idle.pop() ?? (await new Promise<Lane>((resolve) => void waiting.push(resolve)));
    const made = await new Promise<Uint8Array>((resolve) => {
      lane.take = resolve;
      writeMessage(lane.channel, { header: job, body: original });
    });
    const next = waiting.shift();
    if (next) next(lane);
    else idle.push(lane);
    return made;
  };
  const place = kind === "s3" ? await openBuckets() : await openFolders();
  const server = createServer((request, response) => {
    const job = readJob(request);
    void place
      .find(job)
      .then((original) => make(job, original))
      .then((bytes) => {
        response.end(bytes);
        return place.keep(job, bytes);
      });
  });
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo; // it listens on a port, not on a pipe
    process.stdout.write(`http://127.0.0.1:${port}\n`);
  });
}

function startLane(): Lane {
  const { argv, execArgv, execPath } = process;
  const args = [...execArgv, argv[1] ?? "", "image", originals];
  const child = spawn(execPath, args, { stdio: ["ignore", "ignore", "inherit", "pipe"] });
  const lane: Lane = { channel: child.stdio[3] as Duplex, take: () => undefined }; // a pipe goes both ways
  readMessages(lane.channel, ({ body }) => lane.take(body));
  return lane;
}

/** Of URLs as the service has them. */
function readJob({ url = "" }: IncomingMessage): Job {
  const [, width, format, key = ""] = /^\/w_(\d+),f_(\w+)\/(.+)$/.exec(url) ?? [];
  return { key, width: Number(width), format: format as Job["format"] }; // nobody but the bench asks
}

function nameOf({ key, width, format }: Job): string {
  return `${key}/w_${width}.${format}`;
}

async function openFolders(): Promise<Place> {
  for (const name of ["temp", "headers", "variants"]) await mkdir(join(variants, name));
  return {
    find: async (job) => {
      await stat(join(variants, "variants", nameOf(job))).catch(() => undefined);
      const path = join(originals, job.key);
      const fd = await openDescriptor(path, "r");
      await realpath(path);
      await fstat(fd);
      await read(fd, Buffer.allocUnsafeSlow(START_BYTES), 0, START_BYTES, 0);
      closeSoon(fd);
      return NOTHING;
    },
    keep: async (job, bytes) => {
      const path = join(variants, "variants", nameOf(job));
      await realpath(dirname(path)).catch(() => undefined);
      await realpath(join(variants, "variants"));
      const temp = join(variants, "temp", randomUUID());
      const fd = await openDescriptor(temp, "wx");
      await writeFile(fd, bytes);
      await fstat(fd);
      await close(fd);
      await writeFile(join(variants, "headers", randomUUID()), HEADERS);
      await mkdir(dirname(path), { recursive: true });
      await link(temp, path);
      await unlink(temp);
    },
  };
}

/** By the client that the service has too. */
async function openBuckets(): Promise<Place> {
  const { GetObjectCommand, HeadObjectCommand, PutObjectCommand } =
    await import("@aws-sdk/client-s3");
  const { createS3Client } = await import("../src/store/s3/client.ts");
  const client = createS3Client({ forcePathStyle: true });
  return {
    find: async (job) => {
      const original = { Bucket: originals, Key: job.key };
      const variant = { Bucket: variants, Key: nameOf(job) };
      await Promise.all([
        client.send(new HeadObjectCommand(variant)).catch(() => undefined),
        client.send(new HeadObjectCommand(original)),
      ]);
      const { Body } = await client.send(new GetObjectCommand(original));
      return (await Body?.transformToByteArray()) ?? NOTHING;
    },
    keep: (job, Body) =>
      client.send(
        new PutObjectCommand({
          Bucket: variants,
          Key: nameOf(job),
          Body,
          ContentType: `image/${job.format}`,
          IfNoneMatch: "*",
          Metadata: { headers: HEADERS },
        }),
      ),
  };
}
