import { describe, expect, it } from "vitest";
import { checkMachine, checkNode, explainSharp } from "../../../src/ops/doctor/checks/machine.ts";

describe("checkMachine", () => {
  const platform = {
    os: "linux",
    cpu: "x64",
    isMusl: false,
    installed: ["linux-x64"],
    node: "22.12.0",
  };

  it.each([
    [{}, "Cannot find package 'sharp'", "not installed"],
    [{ installed: [] }, "Could not load", "is not installed (--omit"],
    [{ installed: ["darwin-arm64"] }, "Could not load", "another platform"],
    [{ isMusl: true }, "Could not load", "C library"],
    [{}, "libc.so.6: version `GLIBC_2.28' not found", "older than sharp needs"],
    [{}, "Unsupported CPU: Prebuilt binaries for linux-x64 require v2 microarchitecture", "SSE4.2"],
  ])("says why sharp cannot be loaded: %j, %s", (more, problem, expected) => {
    const result = explainSharp({ ...platform, ...more }, problem);
    expect(result).toMatchObject({ status: "fail", check: "sharp" });
    expect(result.message).toContain(expected);
  });

  it("goes no further without it", async () => {
    const found = [];
    const none = checkMachine(platform, () => Promise.reject(new Error("no")));
    for await (const result of none) found.push(result.status);
    expect(found).toEqual(["ok", "fail"]);
  });

  it.each([
    ["18.20.0", "fail"],
    ["20.8.1", "fail"],
    ["20.18.3", "fail"], // package.json says 20.19
    ["20.20.2", "warn"],
    ["24.0.0", "ok"],
  ])("judges Node %s", (node, status) => {
    expect(checkNode({ ...platform, node }).status).toBe(status);
  });
});
