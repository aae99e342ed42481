#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { addCloudFrontFunction } from "./cloudfront-function.ts";
import { addDoctor } from "./doctor.ts";
import { addEstimate } from "./estimate.ts";
import { addExplain } from "./explain.ts";
import { addPurge } from "./purge.ts";
import { addServe } from "./serve.ts";
import { addSetup } from "./setup.ts";
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
  .showHelpAfterError("--help after a command says what it takes"); // all of it would hide the error
// whoever reads the output may stop before its end: shift-media setup | head
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit();
  throw error;
});
addServe(program);
addUrl(program);
addSign(program);
addExplain(program);
addWarm(program);
addWork(program);
addPurge(program);
addSetup(program);
addDoctor(program);
addEstimate(program);
addCloudFrontFunction(program);
await program.parseAsync();
