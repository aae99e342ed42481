import type { Timings } from "../../media/recorder.ts";
import { PHASES } from "../../media/recorder.ts";

/** Prints a `Server-Timing` header (W3C): each part and the total in milliseconds. */
export function printTimings(timings: Timings, totalMs: number): string {
  let text = "";
  for (const phase of PHASES) {
    const ms = timings[phase];
    if (ms !== undefined) text += `${phase};dur=${round(ms)}, `;
  }
  return `${text}total;dur=${round(totalMs)}`;
}

/** To hundredths. */
function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
