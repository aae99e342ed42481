import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import type { Collection, Deleted, DeleteTarget } from "../../library.ts";
import { UsageError } from "../../ops/usage-error.ts";
import type { TrashDays } from "../../url/trash.ts";
import { TRASH_DAYS } from "../../url/trash.ts";
import { EXIT } from "../exit.ts";
import { printExamples } from "../options/examples.ts";
import type { JsonOption } from "./library.ts";
import { printBytes, printRow, printChanged, withFiles } from "./library.ts";

/** `shift-media mv` */
export function addMv(program: Command): void {
  program
    .command("mv")
    .description("give a file of the media library another key; its variants are made anew")
    .argument("<from>", "its key, not encoded")
    .argument("<to>", "its new key, which must be free")
    .option("--json", "print JSON")
    .addHelpText("after", printExamples("shift-media mv posts/ann/a.jpg posts/ann/ferry.jpg"))
    .action((from: string, to: string, options: JsonOption) =>
      withFiles("move a file", async (files) => printChanged(await files.move(from, to), options)),
    );
}

/** `shift-media focal` */
export function addFocal(program: Command): void {
  program
    .command("focal")
    .description("set what crops of an image keep in sight")
    .argument("<key>", "its key, not encoded")
    .argument("<point>", "fractions of width and height, such as 0.3x0.7; or none")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      printExamples(
        "shift-media focal posts/ferry.jpg 0.3x0.7",
        "shift-media focal posts/ferry.jpg none",
      ),
    )
    .action((key: string, text: string, options: JsonOption) =>
      withFiles("set a focal point", async (files) =>
        printChanged(await files.update(key, { focal: readPoint(text) }), options),
      ),
    );
}

function readPoint(text: string): { readonly x: number; readonly y: number } | "none" {
  if (text === "none") return text;
  const [, x, y] = /^([01](?:\.\d+)?)x([01](?:\.\d+)?)$/.exec(text) ?? [];
  if (x === undefined || y === undefined || Number(x) > 1 || Number(y) > 1) {
    throw new UsageError(
      `a focal point must be two fractions such as 0.3x0.7, or none, got "${text}"`,
    );
  }
  return { x: Number(x), y: Number(y) };
}

interface RmOptions extends JsonOption {
  readonly prefix?: string;
  readonly after?: string;
  readonly yes?: boolean;
}

/** `shift-media rm` */
export function addRm(program: Command): void {
  program
    .command("rm")
    .description("delete files of the media library, with all of their variants")
    .argument("[keys...]", "their keys, not encoded")
    .option("--prefix <text>", "delete all files whose keys begin with it")
    .option(
      "--after <days>",
      "keep copies for 7, 30 or 90 days; without it, those in the trash are deleted, too",
    )
    .option("--yes", "do not ask")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      printExamples(
        "shift-media rm posts/ferry.jpg",
        "shift-media rm --prefix posts/ann/ --after 30",
      ),
    )
    .action((keys: readonly string[], options: RmOptions) =>
      withFiles("delete files", async (files) => {
        const target = readTarget(keys, options);
        const after = readDays(options.after);
        if (!options.yes && !(await confirm(await describe(files, target, after)))) {
          process.exitCode = EXIT.failed;
          return;
        }
        const deleted = await files.delete(target, { after });
        printRow(options.json ? deleted : printDeleted(deleted));
      }),
    );
}

function readTarget(keys: readonly string[], { prefix }: RmOptions): DeleteTarget {
  if ((prefix === undefined) === (keys.length === 0)) {
    throw new UsageError("give either keys of files or --prefix");
  }
  return prefix === undefined ? keys : { prefix };
}

function readDays(text: string | undefined): TrashDays | undefined {
  if (text === undefined) return undefined;
  const days = TRASH_DAYS.find((each) => String(each) === text);
  if (days) return days;
  throw new UsageError(`--after must be 7, 30 or 90, got "${text}"`);
}

async function describe(
  files: Collection,
  target: DeleteTarget,
  after: TrashDays | undefined,
): Promise<string> {
  const others = after === undefined ? "variants and copies in the trash" : "variants";
  const what = `with all of their ${others}`;
  if (typeof target === "string" || !("prefix" in target)) return `${target.length} files, ${what}`;
  const { items, bytes } = await files.usage({ prefix: target.prefix });
  return `${items} files under "${target.prefix}", ${printBytes(bytes)}, ${what}`;
}

async function confirm(what: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UsageError(`this deletes ${what}: give --yes to do so`);
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question(`delete ${what}? [y/N] `);
    return /^y(?:es)?$/i.test(answer.trim());
  } finally {
    prompt.close();
  }
}

function printDeleted({ deleted, missing, variants, cacheTags, versions }: Deleted): string {
  const older = { none: "", deleted: ", and older versions", kept: "; older versions are kept" };
  return [
    ...deleted.map((key) => `deleted: ${key}`),
    ...missing.map((key) => `not there: ${key}`),
    `${deleted.length} files deleted, with ${variants} variants${older[versions]}`,
    ...(cacheTags.length > 0 ? [`cache tags for a CDN: ${cacheTags.join(" ")}`] : []),
  ].join("\n");
}
