import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { anySignal } from "../../src/async/abort.ts";
import { sleep, until } from "../support/service/server.ts";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

describe("anySignal", () => {
  it("fires with the reason of the first, and at once when one has fired already", () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const signal = anySignal([first.signal, second.signal]);
    expect(signal.aborted).toBe(false);
    second.abort("second");
    first.abort("first");
    expect(signal.reason).toBe("second");
    expect(anySignal([new AbortController().signal, first.signal]).reason).toBe("first");
  });

  it("keeps a time-out that nothing else refers to", async () => {
    const signal = anySignal([new AbortController().signal, AbortSignal.timeout(100)]);
    await sleep(0);
    collectGarbage();
    await until(async () => signal.aborted);
    expect(signal.reason).toMatchObject({ name: "TimeoutError" });
  });
});
