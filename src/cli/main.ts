#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { addServe } from "./serve.ts";

const { version, description } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
) as { version: string; description: string }; // our own package.json

const program = new Command("shift-media")
  .description(description)
  .version(version)
  .showHelpAfterError();
addServe(program);
await program.parseAsync();
