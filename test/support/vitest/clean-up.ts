import { afterAll, vi } from "vitest";

// Files of tests share a process, and are to find it as it was.
afterAll(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});
