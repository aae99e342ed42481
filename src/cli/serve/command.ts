import { printExamples } from "../options/examples.ts";
import { randomBytes } from "node:crypto";
import type { Command } from "commander";
import type { Config } from "../../config/config.ts";
import type { Logger } from "../../logger.ts";
import { createLogger } from "../../service/pino-logger.ts";
import type { Running } from "../../service/server.ts";
import { startServer } from "../../service/server.ts";
import { EXIT, explainError, reportFailure } from "../exit.ts";
import { readConfig } from "../options/environment.ts";
import { tuneHeapGrowth } from "../options/process.ts";
import type { GivenFolders } from "./folders.ts";
import { chooseFolders } from "./folders.ts";
import { describeService, isForPeople } from "./welcome.ts";

interface ServeOptions extends Omit<GivenFolders, "folder"> {
  readonly host?: string;
  readonly port?: string;
}

/** `shift-media serve` */
export function addServe(program: Command): void {
  program
    .command("serve", { isDefault: true })
    .description("start the service; docs/configuration.md lists its environment variables")
    .argument("[folder]", "folder of originals; default: originals, or else the current folder")
    .option("--host <address>", "address to listen on (HOST)")
    .option("--port <number>", "port to listen on (PORT)")
    .option("--originals <folder>", "folder of originals (ORIGINALS_DIR)")
    .option("--variants <folder>", "folder for variants (VARIANTS_DIR)")
    .addHelpText(
      "after",
      printExamples(
        "shift-media serve ./pictures",
        "PORT=8080 shift-media serve --originals ./pictures --variants /var/cache/variants",
      ),
    )
    .action(serve);
}

async function serve(folder: string | undefined, options: ServeOptions): Promise<void> {
  const { host, port } = options;
  let config: Config | undefined;
  try {
    const folders = chooseFolders({ folder, ...options }, process.env);
    config = readConfig("start", { HOST: host, PORT: port, ...folders });
  } catch (error) {
    reportFailure(error);
  }
  if (!config) return;
  tuneHeapGrowth();
  const logger = createLogger(config.logLevel);
  try {
    const madeToken = config.adminToken === undefined ? makeToken(config) : undefined;
    const adminToken = config.adminToken ?? madeToken;
    const running = await startServer({ ...config, adminToken }, logger);
    stopOnSignals(running, logger);
    process.stdout.write(await describeService(config, running, madeToken));
  } catch (error) {
    process.stderr.write(`shift-media cannot start: ${explainStart(error, config)}\n`);
    process.exit(EXIT.failed);
  }
}

/** A token for this run; in production only ADMIN_TOKEN opens the routes of operators. */
function makeToken(config: Config): string | undefined {
  return isForPeople(config) ? randomBytes(24).toString("base64url") : undefined;
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
