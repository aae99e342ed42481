import { openSync, readSync } from "node:fs";

/** Resident memory of this process, in bytes. */
export type MeasureMemory = () => number;

/**
 * Opens what tells the resident memory of this process, once: Node's own function opens a file for each answer, and an
 * image process should need none when images arrive.
 */
export function openMemoryGauge(): MeasureMemory {
  const readPages = openStatm();
  if (!readPages) return process.memoryUsage.rss;
  // the size of a page is a power of two
  const pageBytes = 2 ** Math.round(Math.log2(process.memoryUsage.rss() / readPages()));
  return () => readPages() * pageBytes;
}

/** The number of resident pages is the second one of proc_pid_statm(5). `undefined` where there is no such file. */
function openStatm(): (() => number) | undefined {
  try {
    const descriptor = openSync("/proc/self/statm", "r");
    const text = Buffer.alloc(128);
    return () =>
      Number(text.toString("latin1", 0, readSync(descriptor, text, 0, 128, 0)).split(" ")[1]);
  } catch {
    return undefined; // another system than Linux
  }
}
