// Sharp alone, in a process of its own: what the service does to an original, without the service.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { encodeImage } from "../src/image/output/formats.ts";
import { inLanes } from "./lanes.ts";
import type { Job } from "./load.ts";

/** The request to this process. */
export interface RawRequest {
  readonly jobs: readonly Job[];
  readonly lanes: number;
}

const [from = "", kind] = process.argv.slice(2);
const read = kind === "s3" ? await readFromS3() : readFromFolder;

// as in the image processes
sharp.concurrency(1);
sharp.cache(false);

process.on("message", (message: RawRequest) => void answer(message));
process.send?.("ready");

async function answer({ jobs, lanes }: RawRequest): Promise<void> {
  const [begin, cpuBegin] = [performance.now(), process.cpuUsage()];
  await inLanes(lanes, jobs, make);
  const { user, system } = process.cpuUsage(cpuBegin);
  process.send?.({ wallMs: performance.now() - begin, cpuMs: (user + system) / 1000 });
}

async function make({ key, width, format }: Job): Promise<void> {
  const image = sharp(await read(key), { autoOrient: true, failOn: "error" });
  await encodeImage(image.resize({ width, withoutEnlargement: true }), { format });
}

function readFromFolder(key: string): Promise<Uint8Array> {
  return readFile(join(from, key));
}

/** By the client that the service has too. */
async function readFromS3(): Promise<(key: string) => Promise<Uint8Array>> {
  const { GetObjectCommand } = await import("@aws-sdk/client-s3");
  const { createS3Client } = await import("../src/store/s3/client.ts");
  const client = createS3Client({ forcePathStyle: true });
  return async (Key) => {
    const object = await client.send(new GetObjectCommand({ Bucket: from, Key }));
    return (await object.Body?.transformToByteArray()) ?? new Uint8Array();
  };
}
