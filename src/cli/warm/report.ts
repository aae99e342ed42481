import type { WarmEntry } from "../../media/warm/request.ts";
import type { WarmResult } from "../../media/warm/result.ts";
import { countResult, createTally } from "../../media/warm/result.ts";
import { EXIT } from "../exit.ts";
import type { Stop } from "../options/process.ts";
import type { WarmList } from "./list.ts";
import type { Progress } from "./progress.ts";
import { getRate, showProgress } from "./progress.ts";

/** Failures that the report names; the others are only counted. */
const MAX_SHOWN = 20;

export interface ReportOptions {
  readonly options: { readonly json?: boolean };
  readonly stop: Stop;
  readonly work: (entries: AsyncIterable<WarmEntry>) => AsyncIterable<WarmResult>;
}

/** Works through a list, shows the progress, and prints a report at the end. */
export async function runList(
  list: WarmList,
  { options, stop, work }: ReportOptions,
): Promise<void> {
  const progress: Progress = { tally: createTally(), originals: 0, begun: performance.now() };
  const named: Named = { failed: [], skipped: [] };
  if (list.isCountable) void countEntries(list, progress, stop);
  const hide = showProgress(progress);
  const finish = (status: Status): void => {
    hide();
    const sums = sumUp(progress, status);
    if (options.json) process.stdout.write(`${JSON.stringify(sums)}\n`);
    else process.stdout.write(printReport(progress, named));
    if (status !== "done") process.stderr.write("to continue, give the same command again\n");
  };
  try {
    for await (const result of work(follow(list, progress, stop))) {
      countResult(progress.tally, result);
      if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
      note(named, result);
    }
  } catch (error) {
    if (progress.originals > 0) finish("broken off");
    else hide();
    throw error;
  }
  finish(stop.isAsked() ? "stopped" : "done");
  if (progress.originals === 0) process.stderr.write("no originals were found\n");
  process.exitCode = chooseExitCode(progress, stop);
}

function chooseExitCode({ tally }: Progress, stop: Stop): number {
  if (stop.isAsked()) return EXIT.interrupted;
  return tally.failed > 0 ? EXIT.failed : 0;
}

async function* follow(
  { read }: WarmList,
  progress: Progress,
  stop: Stop,
): AsyncGenerator<WarmEntry> {
  for await (const entry of read()) {
    if (stop.isAsked()) return;
    yield entry;
    progress.originals += 1;
  }
}

/** Counts beside the work, which reports the errors of reading. */
async function countEntries({ read }: WarmList, progress: Progress, stop: Stop): Promise<void> {
  let total = 0;
  try {
    for await (const _ of read()) {
      if (stop.isAsked()) return;
      total += 1;
    }
    progress.total = total;
  } catch {
    // the progress then shows no total
  }
}

type Status = "done" | "stopped" | "broken off";

function sumUp(progress: Progress, status: string): Readonly<Record<string, string | number>> {
  const ms = Math.round(performance.now() - progress.begun);
  return { status, ...progress.tally, ms };
}

/** Results that the report names. */
interface Named {
  readonly failed: WarmResult[];
  readonly skipped: WarmResult[];
}

function note(named: Named, result: WarmResult): void {
  const { status } = result;
  if (status !== "failed" && status !== "skipped") return;
  if (named[status].length < MAX_SHOWN) named[status].push(result);
}

function printReport(progress: Progress, named: Named): string {
  const { made, there, failed, bytes, skipped = 0 } = progress.tally;
  const seconds = ((performance.now() - progress.begun) / 1000).toFixed(1);
  const lines = [
    `made    ${made} (${printBytes(bytes)})`,
    `there   ${there}`,
    `failed  ${failed}`,
    ...printNamed(named.failed, failed),
    ...(skipped > 0 ? [`skipped ${skipped}`, ...printNamed(named.skipped, skipped)] : []),
    `in ${seconds} s, ${getRate(progress)} variants/s`,
  ];
  return `${lines.join("\n")}\n`;
}

function printNamed(named: readonly WarmResult[], total: number): readonly string[] {
  const rest = total - named.length;
  const lines = named.map((result) => `  ${printFailure(result)}`);
  return rest > 0 ? [...lines, `  and ${rest} more; --json prints all`] : lines;
}

function printFailure({ line, key, transform, format, message }: WarmResult): string {
  const options = [transform, format && `f_${format}`].filter(Boolean).join(",");
  const what = key === undefined ? `line ${line}` : [options, key].filter(Boolean).join("/");
  return `${what}: ${message}`;
}

function printBytes(bytes: number): string {
  const power = Math.min(3, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const size = bytes / 1000 ** power;
  return `${power === 0 ? size : size.toFixed(1)} ${["bytes", "kB", "MB", "GB"][power]}`;
}
