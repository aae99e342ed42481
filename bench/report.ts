import { mkdir, writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { dirname } from "node:path";
import sharp from "sharp";
import type { Options } from "./options.ts";
import type { Originals } from "./originals.ts";
import { HAS_PROC } from "./processes.ts";

export interface Row {
  readonly name: string;
  /** The figure of the service, with its unit. */
  readonly ours: string;
  /** The figure that it is compared with. */
  readonly reference: string;
  /** Above 1 the service is the better one, but for shares and the like. */
  readonly ratio?: number;
  /** The goal; NaN for a figure that could not be had. */
  readonly target?: string;
  readonly isMet?: boolean;
  /** Every number that this was made of. */
  readonly raw?: unknown;
}

/** The bound of a ratio. */
export type Target =
  | { readonly atLeast: number }
  | { readonly atMost: number; readonly isWhole?: boolean };

/** The cells of a target and of whether a figure meets it. */
export function judge(value: number, target: Target): Pick<Row, "target" | "isMet"> {
  const isAtLeast = "atLeast" in target;
  const text = isAtLeast ? `≥ ${target.atLeast.toFixed(2)}` : `≤ ${target.atMost.toFixed(2)}`;
  const isMet = isAtLeast ? value >= target.atLeast : value <= target.atMost;
  return { target: text, ...(!Number.isNaN(value) && { isMet }) };
}

export const HEADING =
  "| case | ours | reference | ratio | target | met |\n| --- | --- | --- | --- | --- | --- |\n";

export function printRow({ name, ours, reference, ratio, target = "", isMet }: Row): string {
  const printed = ratio === undefined ? "" : Number.isNaN(ratio) ? "?" : ratio.toFixed(2);
  const met = isMet === undefined ? "" : isMet ? "yes" : "**no**";
  return `| ${[name, ours, reference, printed, target, met].join(" | ")} |\n`;
}

export interface Report {
  readonly about: Readonly<Record<string, string | number | boolean>>;
  readonly rows: readonly Row[];
}

export function describeRun(options: Options, originals: Originals): Report["about"] {
  const { lanes, rounds, seconds, misses } = options;
  return {
    date: new Date().toISOString(),
    node: process.versions.node,
    sharp: sharp.versions.sharp,
    libvips: sharp.versions.vips,
    cpu: cpus()[0]?.model ?? "unknown",
    // of others too: with much of it times mean little
    load: loadavg()[0]?.toFixed(2) ?? "unknown",
    lanes,
    rounds,
    seconds,
    misses,
    hasProcessorTimes: HAS_PROC,
    photos: originals.source,
    originals: originals.folder,
  };
}

export async function writeReport(path: string, report: Report): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(report, undefined, 2)}\n`);
}

export function ms(value: number): string {
  return Number.isNaN(value) ? "unknown" : `${value.toFixed(value < 100 ? 1 : 0)} ms`;
}
