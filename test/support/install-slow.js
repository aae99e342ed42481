// Installs what only slow tests and the bench need into test/node_modules, unless it is there already.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = new URL("../", import.meta.url);
const wanted = new URL("package-lock.json", folder);
const installed = new URL("node_modules/.installed-lock.json", folder);

if (!existsSync(installed) || !readFileSync(installed).equals(readFileSync(wanted))) {
  process.stdout.write("installing what only slow tests need into test/node_modules (440 MB)\n");
  const args = ["ci", "--prefix", fileURLToPath(folder), "--no-audit", "--no-fund"];
  const { status } = spawnSync("npm", [...args, "--loglevel=error"], { stdio: "inherit" });
  if (status === 0) {
    copyFileSync(wanted, installed);
  } else {
    process.stderr.write(
      "the packages of test/package.json could not be installed. Without them there are no slow tests, no types of " +
        "all tests and no bench; npm test needs none of them. Try again with a network: npm run install:slow\n",
    );
    process.exitCode = 1;
  }
}
