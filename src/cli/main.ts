#!/usr/bin/env node
import { existsSync, readFileSync } from "node:fs";
import { Command } from "commander";
import { isTypo } from "../request/typo.ts";
import { EXIT } from "./exit.ts";

type Add = (program: Command) => void;

/** Each command is loaded only when it is named, which saves memory and time, above all for `serve`. */
const COMMANDS = {
  serve: async () => (await import("./serve/command.ts")).addServe,
  url: async () => (await import("./url.ts")).addUrl,
  sign: async () => (await import("./sign.ts")).addSign,
  explain: async () => (await import("./explain.ts")).addExplain,
  warm: async () => (await import("./warm/command.ts")).addWarmCommand,
  work: async () => (await import("./warm/work.ts")).addWork,
  purge: async () => (await import("./purge.ts")).addPurgeCommand,
  put: async () => (await import("./media/put.ts")).addPut,
  ls: async () => (await import("./media/read.ts")).addLs,
  info: async () => (await import("./media/read.ts")).addInfo,
  mv: async () => (await import("./media/change.ts")).addMv,
  rm: async () => (await import("./media/change.ts")).addRm,
  focal: async () => (await import("./media/change.ts")).addFocal,
  usage: async () => (await import("./media/read.ts")).addUsage,
  setup: async () => (await import("./setup/command.ts")).addSetup,
  doctor: async () => (await import("./doctor.ts")).addDoctor,
  "cloudfront-function": async () =>
    (await import("./cloudfront-function.ts")).addCloudFrontFunction,
} satisfies Readonly<Record<string, () => Promise<Add>>>;

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
const [, , name = "serve"] = process.argv;
const isHelp = ["help", "-h", "--help", "-V", "--version"].includes(name);
const isCommand = Object.hasOwn(COMMANDS, name);
if (isHelp) {
  for (const load of Object.values(COMMANDS)) (await load())(program);
  await program.parseAsync();
} else if (isCommand || name.startsWith("-") || existsSync(name)) {
  // a folder, or options alone, are for serve
  const load = COMMANDS[isCommand ? (name as keyof typeof COMMANDS) : "serve"];
  (await load())(program);
  await program.parseAsync();
} else {
  const meant = Object.keys(COMMANDS).find((command) => isTypo(name, command));
  const advice = meant === undefined ? "--help lists the commands" : `did you mean "${meant}"?`;
  process.stderr.write(`no command and no folder is called "${name}"; ${advice}\n`);
  process.exitCode = EXIT.misused;
}
