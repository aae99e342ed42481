import { afterEach, describe, expect, it, vi } from "vitest";
import { loadConfig } from "../../src/config/config.ts";
import { createLambda } from "../../src/lambda/handlers.ts";
import { drawPhoto } from "../support/images.ts";
import { functionUrlEvent, invokeBuffered } from "../support/service/lambda.ts";
import { createFolders } from "../support/service/server.ts";

describe("the handlers outside of AWS's runtime", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("work with the empty object that the SDK leaves in its place", async () => {
    vi.stubGlobal("awslambda", {});
    const folders = await createFolders({ "a.jpg": await drawPhoto(60, 40) });
    try {
      const config = loadConfig({
        ORIGINALS_DIR: folders.originals,
        VARIANTS_DIR: folders.variants,
        POOL_SIZE: "0",
      });
      const quiet = { info: () => {}, warn: () => {}, error: () => {} };
      const { bufferedHandler } = await createLambda(config, quiet);
      const { status } = await invokeBuffered(bufferedHandler, functionUrlEvent("/w_20/a.jpg"));
      expect(status).toBe(200);
    } finally {
      await folders.remove();
    }
  });
});
