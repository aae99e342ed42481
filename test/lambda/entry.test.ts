import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { drawPhoto } from "../support/images.ts";
import {
  createRuntime,
  functionUrlEvent,
  invoke,
  invokeBuffered,
} from "../support/service/lambda.ts";
import { createFolders } from "../support/service/server.ts";

let remove: () => Promise<void>;

beforeAll(async () => {
  const folders = await createFolders({ "a b.jpg": await drawPhoto(120, 80) });
  ({ remove } = folders);
  vi.stubGlobal("awslambda", createRuntime());
  vi.stubEnv("ORIGINALS_DIR", folders.originals);
  vi.stubEnv("VARIANTS_DIR", folders.variants);
  vi.stubEnv("LOG_LEVEL", "silent");
});

afterAll(async () => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  await remove();
});

describe("shift-media/lambda", () => {
  it("is made of the environment", async () => {
    const { handler, bufferedHandler } = await import("../../src/lambda.ts");
    expect((await invoke(handler, functionUrlEvent("/w_20/a%20b.jpg"))).status).toBe(200);
    expect((await invokeBuffered(bufferedHandler, functionUrlEvent("/healthz"))).status).toBe(200);
  });
});
