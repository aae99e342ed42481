import type { Background } from "../async/background.ts";

/** Originals beyond this number are not warmed up: their variants are made on request. */
const MAX_WAITING = 1000;

/** Warms up one original after the other; one that waits already is not added again. */
export function createWarmLater({
  warm,
  background,
}: {
  /** Reports its own failures. */
  readonly warm: (key: string) => Promise<void>;
  readonly background: Pick<Background, "run">;
}): (key: string) => void {
  const waiting = new Set<string>();
  let isRunning = false;
  const run = async (): Promise<void> => {
    isRunning = true;
    for (const key of waiting) {
      waiting.delete(key);
      await warm(key).catch(() => undefined);
    }
    isRunning = false;
  };
  return (key) => {
    if (waiting.size < MAX_WAITING) waiting.add(key);
    if (!isRunning) background.run(run());
  };
}
