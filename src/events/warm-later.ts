import type { Background } from "../concurrency/background.ts";

/** Whoever uploads more at a time has the rest made when it is asked for. */
const MAX_WAITING = 1000;

/** One original after the other, and each but once while it waits. */
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
