import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Options } from "./options.ts";
import type { Originals } from "./originals.ts";
import type { Server } from "./processes.ts";
import { script, startProgram } from "./processes.ts";

/** The token of operators of the services that are measured. */
const ADMIN_TOKEN = "a-token-of-operators";
export const OPERATOR = { authorization: `Bearer ${ADMIN_TOKEN}` };

const MAIN = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

const scratches: string[] = [];

/** A folder for what a server writes. */
export async function makeScratch(): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), "shift-media-bench-run-"));
  scratches.push(scratch);
  return scratch;
}

/**
 * Takes all of them away, once nothing is measured any more: for minutes after files were deleted, ext4 reads what
 * it knows of each before it makes another, which doubles what it costs to write a variant.
 */
export async function removeScratches(): Promise<void> {
  for (const scratch of scratches.splice(0)) await rm(scratch, { recursive: true, force: true });
}

export type Environment = Readonly<Record<string, string>>;

/** Starts the service on the folder of originals, or on what the environment says, without variants. */
export async function startService(
  { fromSource, lanes }: Options,
  { folder }: Originals,
  environment: Environment = {},
): Promise<Server> {
  const scratch = await makeScratch();
  const args = fromSource ? script("../src/cli/main.ts") : [MAIN];
  const stores = environment["S3_BUCKET"]
    ? {}
    : { ORIGINALS_DIR: folder, VARIANTS_DIR: join(scratch, "variants") };
  return startProgram({
    args: [...args, "serve", "--port", "0", "--host", "127.0.0.1"],
    environment: {
      POOL_SIZE: String(lanes),
      STOP_DELAY_MS: "0",
      ADMIN_TOKEN,
      ...stores,
      ...environment,
    },
    logFile: join(scratch, "log"),
  });
}

/** Starts what makes and keeps variants with nothing else about it. */
export async function startLeast(
  { lanes }: Options,
  { folder }: Originals,
  environment: Environment = {},
): Promise<Server> {
  const scratch = await makeScratch();
  const { S3_BUCKET: originals, S3_VARIANTS_BUCKET: variants = "" } = environment;
  const places = originals
    ? [originals, variants, String(lanes), "s3"]
    : [folder, scratch, String(lanes)];
  return startProgram({
    args: [...script("least.ts"), "serve", ...places],
    environment,
    logFile: join(scratch, "log"),
  });
}

/** A counter or gauge of `/-/metrics`, summed over its labels. */
export async function readMetric({ url }: Server, name: string): Promise<number> {
  const text = await (await fetch(`${url}/-/metrics`, { headers: OPERATOR })).text();
  let sum = 0;
  for (const line of text.split("\n")) {
    const [, value] = new RegExp(`^shift_media_${name}(?:\\{.*\\})? (\\S+)$`).exec(line) ?? [];
    sum += Number(value ?? 0);
  }
  return sum;
}
