/** Prints a length as people compare lengths: `46.2 kB`. */
export function printSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 999_500) return `${printShort(bytes / 1000)} kB`;
  return `${printShort(bytes / 1_000_000)} MB`;
}

/** Three digits, as many as a look takes in. */
function printShort(value: number): string {
  if (value >= 99.5) return value.toFixed(0);
  return value.toFixed(value >= 9.95 ? 1 : 2);
}

export function printMs(ms: number): string {
  if (ms >= 999.5) return `${printShort(ms / 1000)} s`;
  return `${ms < 9.95 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}

/** Prints how much smaller one length is than another, `−83 %`, or how many times as long. */
export function printSaved(bytes: number, of: number): string {
  if (bytes >= 2 * of) return `×${printShort(bytes / of)}`;
  const percent = Math.round((bytes / of - 1) * 100);
  return `${percent > 0 ? "+" : percent < 0 ? "−" : "±"}${Math.abs(percent)} %`;
}
