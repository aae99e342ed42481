// Installs what only slow tests and the bench need into test/node_modules, unless it is there already.
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = new URL("../", import.meta.url);

/** @param {string} name */
const changedAt = (name) =>
  statSync(new URL(name, folder), { throwIfNoEntry: false })?.mtimeMs ?? 0;

// npm writes its record of what is installed last
const installedAt = changedAt("node_modules/.package-lock.json");
if (installedAt < Math.max(changedAt("package.json"), changedAt("package-lock.json"))) {
  process.stdout.write("installing what only slow tests need into test/node_modules (440 MB)\n");
  const args = ["ci", "--prefix", fileURLToPath(folder), "--no-audit", "--no-fund"];
  const { status } = spawnSync("npm", [...args, "--loglevel=error"], { stdio: "inherit" });
  if (status !== 0) {
    process.stderr.write(
      "the packages of test/package.json could not be installed. Without them there are no slow tests, no types of all " +
        "tests and no bench; npm test needs none of them. Try again with a network, or with npm's cache: npm run install:slow\n",
    );
    process.exitCode = 1;
  }
}
