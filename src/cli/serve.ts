import { randomBytes } from "node:crypto";
import type { Command } from "commander";
import type { Config } from "../config/config.ts";
import { describePolicy } from "../config/policy.ts";
import { isImageKey } from "../image/input/formats.ts";
import type { Logger } from "../logger.ts";
import { createLogger } from "../service/pino-logger.ts";
import type { Running } from "../server.ts";
import { isLoopback, startServer } from "../server.ts";
import type { ObjectStore } from "../store/store.ts";
import type { Transform } from "../transform/transform.ts";
import { buildPath } from "../url/build.ts";
import { EXIT, explainError } from "./exit.ts";
import { readConfig } from "./options/environment.ts";
import { tuneHeapGrowth } from "./options/process.ts";

interface ServeOptions {
  readonly host?: string;
  readonly port?: string;
  readonly originals?: string;
  readonly variants?: string;
}

/** `shift-media serve` */
export function addServe(program: Command): void {
  program
    .command("serve")
    .description("start the service; docs/configuration.md lists its environment variables")
    .option("--host <address>", "address to listen on (HOST)")
    .option("--port <number>", "port to listen on (PORT)")
    .option("--originals <folder>", "folder of originals (ORIGINALS_DIR)")
    .option("--variants <folder>", "folder for variants (VARIANTS_DIR)")
    .action(serve);
}

async function serve(options: ServeOptions): Promise<void> {
  const { host, port, originals, variants } = options;
  const config = readConfig("start", {
    HOST: host,
    PORT: port,
    ORIGINALS_DIR: originals,
    VARIANTS_DIR: variants,
    ...(originals !== undefined && { S3_BUCKET: "" }),
  });
  if (!config) return;
  tuneHeapGrowth();
  const logger = createLogger(config.logLevel);
  try {
    const madeToken = config.adminToken === undefined ? makeToken(config) : undefined;
    const adminToken = config.adminToken ?? madeToken;
    const running = await startServer({ ...config, adminToken }, logger);
    stopOnSignals(running, logger);
    await welcome(config, running, madeToken);
  } catch (error) {
    process.stderr.write(`shift-media cannot start: ${explainStart(error, config)}\n`);
    process.exit(EXIT.failed);
  }
}

/** A token for this run, where the one who started it reads what is printed, and nobody else does. */
function makeToken({ host }: Pick<Config, "host">): string | undefined {
  const isForPeople = process.stdout.isTTY || isLoopback(host);
  if (!isForPeople || process.env["NODE_ENV"] === "production") return undefined;
  return randomBytes(24).toString("base64url");
}

function explainStart(error: unknown, { host, port }: Config): string {
  const isTaken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
  if (!isTaken) return explainError(error);
  return `another program listens on ${host}:${port}: end it, or choose another port with --port or PORT`;
}

/** The first signal finishes the work that was begun, the second stops at once. */
function stopOnSignals(running: Running, logger: Logger): void {
  let isStopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (isStopping) process.exit(EXIT.failed);
    isStopping = true;
    logger.info("stopping", { signal });
    const isDone = await running.stop();
    if (!isDone) logger.error("stopped before all work was done: DRAIN_TIMEOUT_MS was too short");
    process.exit(isDone ? 0 : EXIT.failed);
  };
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => void stop(signal));
}

async function welcome(
  { store, access }: Config,
  { url, originals }: Running,
  madeToken: string | undefined,
): Promise<void> {
  const lines = [`shift-media listens on ${url}`, ...describePolicy(access)];
  if (madeToken !== undefined) lines.push(`ADMIN_TOKEN of this run: ${madeToken}`);
  if (store.kind === "file") {
    lines.push(
      `folder of originals: ${store.originalsDir}`,
      `folder of variants:  ${store.variantsDir}`,
    );
    const paths = await suggestPaths(originals).catch(() => []); // the service works without them
    if (paths.length > 0 && access.policy.isOpen) {
      lines.push("", "Try", ...paths.map((path) => `  ${url}${path}`));
    }
  }
  process.stdout.write(`${lines.join("\n")}\n`);
}

/** Transforms to try first. */
const SUGGESTED: readonly Transform[] = [
  { width: 800 },
  { width: 400, height: 400, gravity: "auto", format: "webp" },
  { width: 480, height: 270, mode: "pad", background: "ffd700", format: "jpg" },
  { width: 600, format: "auto" },
];

/** Suggests URLs to try first, for originals of the folder. */
async function suggestPaths(originals: Pick<ObjectStore, "list">): Promise<string[]> {
  const { keys } = await originals.list({ prefix: "", delimiter: "/" }); // not the whole tree
  const images = keys.filter(isImageKey);
  return SUGGESTED.flatMap((spec, index) => {
    const key = images[index % images.length];
    return key === undefined ? [] : buildPath(key, spec);
  });
}
