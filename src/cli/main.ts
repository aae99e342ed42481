#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { EXIT } from "./exit.ts";

type Add = (program: Command) => void;

/** Each command is loaded only when it is named, which saves memory and time, above all for `serve`. */
const COMMANDS: Readonly<Record<string, () => Promise<Add>>> = {
  serve: async () => (await import("./serve.ts")).addServe,
  url: async () => (await import("./url.ts")).addUrl,
  sign: async () => (await import("./sign.ts")).addSign,
  explain: async () => (await import("./explain.ts")).addExplain,
  warm: async () => (await import("./warm/command.ts")).addWarmCommand,
  work: async () => (await import("./warm/work.ts")).addWork,
  purge: async () => (await import("./purge.ts")).addPurgeCommand,
  setup: async () => (await import("./setup/command.ts")).addSetup,
  doctor: async () => (await import("./doctor.ts")).addDoctor,
  "cloudfront-function": async () =>
    (await import("./cloudfront-function.ts")).addCloudFrontFunction,
};

const { version, description } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
) as { version: string; description: string }; // our own package.json

const program = new Command("shift-media")
  .description(description)
  .version(version)
  .enablePositionalOptions() // so that a command may have an option --version of its own
  .showHelpAfterError("--help after a command lists its options") // the whole help would hide the error
  .addHelpText(
    "after",
    "\nExit codes: 0 done, 1 something failed, 2 wrong options or configuration",
  )
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT.misused));
// a reader may stop before the end: shift-media setup | head
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit();
  throw error;
});
const [, , name = ""] = process.argv;
const named = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
// without a name all commands are loaded, for the help
for (const load of named ? [named] : Object.values(COMMANDS)) (await load())(program);
await program.parseAsync();
