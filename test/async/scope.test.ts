import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { Scope } from "../../src/async/scope.ts";
import { until } from "../support/service/server.ts";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

const LONG_MS = 600_000;

describe("Scope", () => {
  it("fires when its time is over", async () => {
    const { signal } = new Scope({ timeoutMs: 20 });
    await until(async () => signal.aborted);
    expect(signal.reason).toMatchObject({ name: "TimeoutError" });
  });

  it("fires with the first of its causes, and at once when one has fired already", () => {
    const [first, second] = [new AbortController(), new AbortController()];
    using scope = new Scope({
      timeoutMs: LONG_MS,
      signals: [first.signal, undefined, second.signal],
    });
    expect(scope.signal.aborted).toBe(false);
    second.abort("second");
    first.abort("first");
    expect(scope.signal.reason).toBe("second");
    using late = new Scope({ timeoutMs: LONG_MS, signals: [first.signal] });
    expect(late.signal.reason).toBe("first");
  });

  it("ends its parts, which may end before it", async () => {
    const [cause, own] = [new AbortController(), new AbortController()];
    using whole = new Scope({ timeoutMs: LONG_MS, signals: [cause.signal] });
    using short = whole.begin(20);
    using wanted = whole.begin(LONG_MS, own.signal);
    using long = whole.begin(LONG_MS);
    own.abort("unwanted");
    await until(async () => short.signal.aborted);
    expect([wanted.signal.reason, whole.signal.aborted]).toEqual(["unwanted", false]);
    cause.abort("all");
    expect(long.signal.reason).toBe("all");
  });

  it("fires no more once it has been disposed of, and holds nothing", async () => {
    const cause = new AbortController();
    const held = holdNothing(cause.signal);
    cause.abort();
    await until(async () => {
      collectGarbage();
      return held.deref() === undefined;
    });
  });
});

function holdNothing(cause: AbortSignal): WeakRef<AbortSignal> {
  using scope = new Scope({ timeoutMs: LONG_MS, signals: [cause] });
  scope.signal.addEventListener("abort", () => expect.unreachable());
  return new WeakRef(scope.signal);
}
