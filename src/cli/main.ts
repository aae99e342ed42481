#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { addExplain } from "./explain.ts";
import { addPurge } from "./purge.ts";
import { addServe } from "./serve.ts";
import { addSign } from "./sign.ts";
import { addUrl } from "./url.ts";
import { addWarm } from "./warm.ts";
import { addWork } from "./work.ts";

const { version, description } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
) as { version: string; description: string }; // our own package.json

const program = new Command("shift-media")
  .description(description)
  .version(version)
  .enablePositionalOptions() // --version after a command is that command's own
  .showHelpAfterError();
addServe(program);
addUrl(program);
addSign(program);
addExplain(program);
addWarm(program);
addWork(program);
addPurge(program);
await program.parseAsync();
