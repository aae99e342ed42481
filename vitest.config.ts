import { availableParallelism } from "node:os";
import { pathToFileURL } from "node:url";
import { defineConfig } from "vitest/config";
import type { Plugin } from "vitest/config";

const SLOW = "test/**/*.slow.test.ts";
const NOT_QUICK = ["**/node_modules/**", SLOW];
/** What sharp may open, and how, is a state of the whole process. */
const WITH_SHARP = ["test/image/**/*.test.ts", "test/docs/**/*.test.ts"];

/** Image processes are started from `dist/`, which test/support/vitest/build.ts makes: a loader for TypeScript takes longer. */
const childrenFromBuild: Plugin = {
  name: "children-from-build",
  transform(code, id) {
    if (!id.endsWith("/src/image/pool/child-process.ts")) return undefined;
    const built = pathToFileURL("dist/image/pool/child-process.js").href;
    return { code: code.replaceAll("import.meta.url", JSON.stringify(built)), map: null };
  },
};

export default defineConfig({
  plugins: [childrenFromBuild],
  test: {
    globalSetup: ["test/support/vitest/build.ts"],
    pool: "forks",
    // many wait for servers and for time-outs, so two at a time are done sooner even on one core
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: "quick",
          include: ["test/**/*.test.ts"],
          exclude: [...NOT_QUICK, ...WITH_SHARP],
          // to import everything anew for each file takes longer than most of the tests
          isolate: false,
          setupFiles: ["test/support/vitest/clean-up.ts"],
        },
      },
      {
        extends: true,
        test: { name: "image", include: WITH_SHARP, exclude: NOT_QUICK },
      },
      { extends: true, test: { name: "slow", include: [SLOW] } },
    ],
  },
});
