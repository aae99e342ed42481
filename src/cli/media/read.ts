import type { Command } from "commander";
import type { Item } from "../../library.ts";
import { printExamples } from "../options/examples.ts";
import type { JsonOption } from "./library.ts";
import { printBytes, printItem, printRow, printRefusal, withFiles } from "./library.ts";

/** `shift-media ls` */
export function addLs(program: Command): void {
  program
    .command("ls")
    .description("list files of the media library")
    .argument("[prefix]", "what keys begin with", "")
    .option("--json", "print a line of JSON for each file")
    .addHelpText(
      "after",
      printExamples("shift-media ls posts/", "shift-media ls posts/ --json | jq -r .key"),
    )
    .action((prefix: string, { json }: JsonOption) =>
      withFiles("list files", async (files) => {
        for await (const item of files.list({ prefix })) printRow(json ? item : printItem(item));
      }),
    );
}

/** `shift-media info` */
export function addInfo(program: Command): void {
  program
    .command("info")
    .description("print all that the media library knows of a file")
    .argument("<key>", "its key, not encoded: 'posts/ann/a b.jpg'")
    .option("--json", "print JSON")
    .addHelpText("after", printExamples("shift-media info posts/ferry.jpg"))
    .action((key: string, { json }: JsonOption) =>
      withFiles("describe a file", async (files) => {
        const item = await files.get(key);
        if (!item) printRefusal({ message: `there is no file "${key}"` });
        else printRow(json ? item : printAll(item));
      }),
    );
}

function printAll(item: Item): string {
  const fields = Object.entries(JSON.parse(JSON.stringify(item)) as Record<string, unknown>);
  return fields
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("\n");
}

/** `shift-media usage` */
export function addUsage(program: Command): void {
  program
    .command("usage")
    .description("count the files of the media library, and their bytes")
    .argument("[prefix]", "what keys begin with")
    .option("--json", "print JSON")
    .addHelpText("after", printExamples("shift-media usage posts/ann/"))
    .action((prefix: string | undefined, { json }: JsonOption) =>
      withFiles("count files", async (files) => {
        const usage = await files.usage(prefix === undefined ? {} : { prefix });
        printRow(json ? usage : `${usage.items} files, ${printBytes(usage.bytes)}`);
      }),
    );
}
