import bars from "cli-progress";
import type { SingleBar } from "cli-progress";
import type { WarmTally } from "../../media/warm/result.ts";

/** How far it has come; whoever does it writes here. */
export interface Progress {
  readonly tally: WarmTally;
  /** Originals that were begun. */
  originals: number;
  /** How many there are, once that is known. */
  total?: number;
  /** Milliseconds since some beginning. */
  readonly begun: number;
}

const BAR_MS = 200;
const LINE_MS = 5000;

/**
 * Shows it on standard error: as a bar to people, as a line every few seconds otherwise.
 *
 * @returns ends it
 */
export function showProgress(progress: Progress): () => void {
  return process.stderr.isTTY ? showBar(progress) : showLines(progress);
}

function showLines(progress: Progress): () => void {
  const timer = setInterval(() => process.stderr.write(`${printLine(progress)}\n`), LINE_MS);
  return () => clearInterval(timer);
}

/** Variants a second. */
export function rateOf({ tally, begun }: Progress): number {
  const seconds = (performance.now() - begun) / 1000;
  return (
    Math.round(((tally.made + tally.there + tally.failed + (tally.skipped ?? 0)) / seconds) * 10) /
    10
  );
}

/** How far it has come, in a line. */
export function printLine(progress: Progress): string {
  const { tally, originals, total } = progress;
  const of = total === undefined ? "" : ` of ${total}`;
  const sums = `${tally.made} made, ${tally.there} there, ${tally.failed} failed${printSkipped(tally)}`;
  const begun = originals === 0 ? "" : `${originals}${of} originals: `;
  return `${begun}${sums}; ${rateOf(progress)} variants/s${printEta(progress)}`;
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
    // what was not known at first
    if (progress.total !== undefined && progress.total !== bar.getTotal()) {
      bar.stop();
      bar = startBar(progress);
    }
    bar.update(progress.originals, payloadOf(progress));
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
  const bar = new bars.SingleBar({ format, stream: process.stderr, hideCursor: true, barsize: 20 });
  bar.start(total ?? 0, progress.originals, payloadOf(progress));
  return bar;
}

function payloadOf(progress: Progress): Record<string, number | string> {
  const { tally } = progress;
  return { ...tally, skipped: printSkipped(tally), rate: rateOf(progress) };
}
