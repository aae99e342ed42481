import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // image processes are started from source too, and need the loader that can read it
    execArgv: ["--import", "tsx"],
    pool: "forks",
    // many wait for servers and for time-outs, so two at a time are done sooner even on one core
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
