#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command } from "commander";

type Add = (program: Command) => void;

/** A command takes only what it needs itself, above all `serve`: memory, and time to start. */
const COMMANDS: Readonly<Record<string, () => Promise<Add>>> = {
  serve: async () => (await import("./serve.ts")).addServe,
  url: async () => (await import("./url.ts")).addUrl,
  sign: async () => (await import("./sign.ts")).addSign,
  explain: async () => (await import("./explain.ts")).addExplain,
  warm: async () => (await import("./warm/command.ts")).addWarm,
  work: async () => (await import("./warm/work.ts")).addWork,
  purge: async () => (await import("./purge/command.ts")).addPurge,
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
  .enablePositionalOptions() // --version after a command is that command's own
  .showHelpAfterError("--help after a command says what it takes"); // all of it would hide the error
// whoever reads the output may stop before its end: shift-media setup | head
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit();
  throw error;
});
const [, , name = ""] = process.argv;
const named = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
// where none is named there is help, or advice, about all of them
for (const load of named ? [named] : Object.values(COMMANDS)) (await load())(program);
await program.parseAsync();
