import { readdir, stat } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";
import bars from "cli-progress";
import type { Command } from "commander";
import type { Collection } from "../../library.ts";
import { UsageError } from "../../ops/usage-error.ts";
import { readNumber } from "../options/values.ts";
import { EXIT } from "../exit.ts";
import { printExamples } from "../options/examples.ts";
import type { JsonOption } from "./library.ts";
import { printItem, printRow, printRefusal, withFiles } from "./library.ts";

interface PutCommandOptions extends JsonOption {
  readonly prefix: string;
  readonly replace?: boolean;
  readonly concurrency?: string;
}

/** A file that is to be put. */
interface Source {
  readonly path: string;
  readonly key: string;
}

const AT_ONCE = 4;

/** `shift-media put` */
export function addPut(program: Command): void {
  program
    .command("put")
    .description("put files into the media library, measured and without their locations")
    .argument("<files...>", "files, or folders with all that is in them")
    .option("--prefix <text>", "what keys begin with, before the names of the files", "")
    .option("--replace", "replace files that have the same keys")
    .option("--concurrency <number>", "files at the same time; default: 4")
    .option("--json", "print a line of JSON for each file")
    .addHelpText(
      "after",
      printExamples(
        "shift-media put ferry.jpg --prefix posts/",
        "shift-media put photos --prefix photos/ --json",
      ),
    )
    .action((paths: readonly string[], options: PutCommandOptions) =>
      withFiles("put files", async (files) => {
        const atOnce = readNumber("--concurrency", options.concurrency, 100) ?? AT_ONCE;
        await putAll(files, await listSources(paths, options.prefix), { ...options, atOnce });
      }),
    );
}

async function listSources(paths: readonly string[], prefix: string): Promise<readonly Source[]> {
  const sources = await Promise.all(paths.map((path) => listPath(path, prefix)));
  return sources.flat();
}

async function listPath(path: string, prefix: string): Promise<readonly Source[]> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new UsageError(`there is no file "${path}"`);
  if (!found.isDirectory()) return [{ path, key: prefix + basename(path) }];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((file) => ({ path: file, key: prefix + relative(path, file).split(sep).join("/") }));
}

async function putAll(
  files: Collection,
  sources: readonly Source[],
  options: PutCommandOptions & { readonly atOnce: number },
): Promise<void> {
  const progress = process.stderr.isTTY ? startBar(sources.length) : undefined;
  const queue = sources.values();
  let [kept, refused] = [0, 0];
  const lane = async (): Promise<void> => {
    for (const { path, key } of queue) {
      const { replace = false, json } = options;
      const outcome = await files.put({ path }, { key: key.normalize("NFC"), replace });
      progress?.increment();
      if (outcome.ok) {
        kept += 1;
        printRow(json ? outcome.item : printItem(outcome.item));
      } else {
        refused += 1;
        printRefusal({ message: `${path}: ${outcome.message}` });
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: options.atOnce }, lane));
  } finally {
    progress?.stop();
  }
  process.stderr.write(`${kept} put, ${refused} refused\n`);
  if (refused > 0) process.exitCode = EXIT.failed;
}

function startBar(total: number): Pick<bars.SingleBar, "increment" | "stop"> {
  const format = "{bar} {percentage}% | {value}/{total} files | ETA {eta_formatted}";
  const bar = new bars.SingleBar({ format, stream: process.stderr, hideCursor: true, barsize: 20 });
  bar.start(total, 0);
  return bar;
}
