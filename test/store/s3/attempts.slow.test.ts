import { describe, expect, it } from "vitest";
import type { Answer } from "../../support/s3/script.ts";
import { giveStatus, stalling, stayingSilent } from "../../support/s3/script.ts";
import { catchFailure, script } from "../../support/s3/scripted-store.ts";

/** Longer than a test may take. */
const NEVER_MS = 120_000;

/** An upload that takes longer than the shortest attempt. */
const storingSlowly: Answer = (response, request) => {
  setTimeout(() => giveStatus(200, { etag: '"new"' })(response, request), 2800);
};

const TIMED_OUT = { name: "MediaError", code: "timeout" };

describe.concurrent("a store that is too slow", () => {
  it("may be slower where more time is given", async () => {
    const { put, server } = await script([storingSlowly], 8000, 8000);
    expect(await put()).toEqual({ kind: "stored", etag: '"new"' });
    expect(server.requests).toHaveLength(1);
  });

  it("is a time-out also by the client's own clock", async () => {
    const [silent, stalled] = await Promise.all([
      script([stayingSilent], NEVER_MS),
      script([stalling], NEVER_MS),
    ]);
    const failures = [silent, stalled].map(({ get }) => catchFailure(get()));
    for (const error of await Promise.all(failures)) expect(error).toMatchObject(TIMED_OUT);
  });
});
