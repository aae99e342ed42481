import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // image processes are started from source too, and need the loader that can read it
    execArgv: ["--import", "tsx"],
    pool: "forks",
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
