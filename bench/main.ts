import { fileURLToPath } from "node:url";
import type { Bench, Case } from "./cases/case.ts";
import type { Options } from "./options.ts";
import { readOptions, USAGE } from "./options.ts";
import type { Originals } from "./originals.ts";
import { openOriginals } from "./originals.ts";
import { HAS_PROC } from "./processes.ts";
import type { Report, Row } from "./report.ts";
import { describeRun, HEADING, printRow, writeReport } from "./report.ts";
import { removeScratches } from "./service.ts";

/** Loaded when they are wanted: some need much that others do not. */
const CASES: Readonly<Record<string, () => Promise<Case>>> = {
  hits: async () => (await import("./cases/hits.ts")).hits,
  misses: async () => (await import("./cases/misses.ts")).misses,
  "misses-s3": async () => (await import("./cases/misses.ts")).missesOnS3,
  srcset: async () => (await import("./cases/srcset.ts")).srcset,
  equal: async () => (await import("./cases/equal.ts")).equal,
  saturation: async () => (await import("./cases/saturation.ts")).saturation,
  warm: async () => (await import("./cases/warm.ts")).warm,
  peers: async () => (await import("./cases/peers.ts")).peers,
  memory: async () => (await import("./cases/memory.ts")).memory,
};

process.exitCode = await main();

async function main(): Promise<number> {
  const options = parse();
  if (options === "wrong") return 2;
  if (options === "help") {
    process.stdout.write(`${USAGE.replace("CASES", Object.keys(CASES).join(", "))}\n`);
    return 0;
  }
  const originals = await openOriginals(options.photos);
  try {
    return await run(options, originals);
  } finally {
    await originals.stop();
    await removeScratches();
  }
}

function parse(): Options | "help" | "wrong" {
  try {
    const options = readOptions(process.argv.slice(2));
    const unknown = options === "help" ? [] : options.only.filter((name) => !CASES[name]);
    if (unknown.length === 0) return options;
    throw new TypeError(
      `--only knows ${Object.keys(CASES).join(", ")}, got "${unknown.join(",")}"`,
    );
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return "wrong";
  }
}

async function run(options: Options, originals: Originals): Promise<number> {
  const about = describeRun(options, originals);
  process.stdout.write(`${explain(about)}\n\n${HEADING}`);
  const rows: Row[] = [];
  let exitCode = 0;
  const bench: Bench = {
    options,
    originals,
    add: (row) => {
      rows.push(row);
      process.stdout.write(printRow(row));
    },
  };
  for (const [name, load] of Object.entries(CASES)) {
    if (options.only.length > 0 && !options.only.includes(name)) continue;
    try {
      const one = await load();
      await one(bench);
    } catch (error) {
      exitCode = 1;
      bench.add({ name, ours: `failed: ${String(error).slice(0, 200)}`, reference: "" });
    }
  }
  const stamp = String(about["date"]).replaceAll(/[:.]/g, "-");
  const path = options.json ?? fileURLToPath(new URL(`results/${stamp}.json`, import.meta.url));
  await writeReport(path, { about, rows });
  process.stdout.write(`\nAll numbers: ${path}\n`);
  return exitCode;
}

function explain(about: Report["about"]): string {
  const lines = [
    `Node ${about["node"]}, sharp ${about["sharp"]}, libvips ${about["libvips"]}; ${about["lanes"]} cores (${about["cpu"]}), load before ${about["load"]}`,
    `Medians of ${about["rounds"]} rounds; what is compared takes turns. Ratios: above 1 the service is faster, or takes less.`,
    `Images: ${about["photos"]}; those of 12 and 36 MP are made of them, enlarged, with grain of a camera's`,
    `entropy (JPEG of quality 90, 4 to 5 and 10 to 15 MB). All are in ${about["originals"]}`,
    HAS_PROC
      ? "CPU: processor time of the servers' processes, without whoever asks them."
      : "This system does not tell the processor time of processes: wall time only.",
  ];
  return lines.join("\n");
}
