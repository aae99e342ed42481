import bars from "cli-progress";
import type { SingleBar } from "cli-progress";
import type { WarmTally } from "../../media/warm/result.ts";

/** The state of a warm-up, which the work updates. */
export interface Progress {
  readonly tally: WarmTally;
  /** Originals that were begun. */
  originals: number;
  /** Number of all originals, once they are counted. */
  total?: number;
  /** Value of `performance.now()` at the start. */
  readonly begun: number;
}

/** Milliseconds between updates: of the bar, and between lines. */
const BAR_MS = 200;
const LINE_MS = 5000;

/**
 * Shows the progress on standard error: as a bar on a terminal, otherwise as a line every few seconds.
 *
 * @returns a function that stops it
 */
export function showProgress(progress: Progress): () => void {
  return process.stderr.isTTY ? showBar(progress) : showLines(progress);
}

function showLines(progress: Progress): () => void {
  const timer = setInterval(() => process.stderr.write(`${printLine(progress)}\n`), LINE_MS);
  return () => clearInterval(timer);
}

/** Gives variants per second. */
export function getRate({ tally, begun }: Progress): number {
  const seconds = (performance.now() - begun) / 1000;
  return (
    Math.round(((tally.made + tally.there + tally.failed + (tally.skipped ?? 0)) / seconds) * 10) /
    10
  );
}

/** Prints the progress in one line. */
export function printLine(progress: Progress): string {
  const { tally, originals, total } = progress;
  const of = total === undefined ? "" : ` of ${total}`;
  const sums = `${tally.made} made, ${tally.there} there, ${tally.failed} failed${printSkipped(tally)}`;
  const begun = originals === 0 ? "" : `${originals}${of} originals: `;
  return `${begun}${sums}; ${getRate(progress)} variants/s${printEta(progress)}`;
}

function printSkipped({ skipped }: WarmTally): string {
  return skipped === undefined ? "" : `, ${skipped} skipped`;
}

function printEta({ originals, total, begun }: Progress): string {
  if (total === undefined || originals === 0) return "";
  const perOriginal = (performance.now() - begun) / originals;
  return `, ${Math.ceil((perOriginal * (total - originals)) / 1000)} s left`;
}

const SUMS = "{rate} variants/s | {made} made, {there} there, {failed} failed{skipped}";

function showBar(progress: Progress): () => void {
  let bar = startBar(progress);
  const update = (): void => {
    // the list has been counted meanwhile
    if (progress.total !== undefined && progress.total !== bar.getTotal()) {
      bar.stop();
      bar = startBar(progress);
    }
    bar.update(progress.originals, buildPayload(progress));
  };
  const timer = setInterval(update, BAR_MS);
  return () => {
    clearInterval(timer);
    update();
    bar.stop();
  };
}

function startBar(progress: Progress): SingleBar {
  const { total } = progress;
  const format =
    total === undefined
      ? `{value} originals | ${SUMS}`
      : `{bar} {percentage}% | {value}/{total} originals | ${SUMS} | ETA {eta_formatted}`;
  const bar = new bars.SingleBar({
    format,
    stream: process.stderr,
    hideCursor: true,
    barsize: 20,
    formatTime: printTime,
  });
  bar.start(total ?? 0, progress.originals, buildPayload(progress));
  return bar;
}

/** Prints a number of seconds; the bar has a word in its place until it can tell. */
export function printTime(seconds: unknown): string {
  if (typeof seconds !== "number" || !Number.isFinite(seconds)) return "?";
  if (seconds < 60) return `${Math.ceil(seconds)}s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes}m` : `${Math.floor(minutes / 60)}h${minutes % 60}m`;
}

function buildPayload(progress: Progress): Record<string, number | string> {
  const { tally } = progress;
  return { ...tally, skipped: printSkipped(tally), rate: getRate(progress) };
}
