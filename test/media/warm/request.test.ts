import { describe, expect, it } from "vitest";
import { readWarmJob } from "../../../src/media/warm/request.ts";

const outputs = [{ transforms: ["w_3"], formats: ["webp"] }];

function listTexts(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `w_${n + 1}`);
}

describe("readWarmJob", () => {
  it("takes a job as it was added", () => {
    expect(readWarmJob({ key: "a.jpg", outputs })).toEqual({ key: "a.jpg", outputs });
  });

  it.each([
    undefined,
    "a.jpg",
    [],
    {},
    { key: "a.jpg" },
    { key: 3, outputs },
    { key: "a.jpg", outputs: "w_3" },
    { key: "a.jpg", outputs: [{ transforms: ["w_3"] }] },
    { key: "a.jpg", outputs: [{ transforms: [3], formats: [] }] },
    { key: "a.jpg", outputs, root: "/" },
    { key: "a.jpg", outputs: [{ transforms: listTexts(257), formats: [] }] },
    { key: "a.jpg", outputs: [{ transforms: listTexts(100), formats: listTexts(1000) }] },
    { key: "a.jpg", outputs: Array.from({ length: 257 }, () => outputs[0]) },
  ])("gives the problem of %j", (data) => {
    expect(readWarmJob(data)).toMatchObject({ line: 1, problem: { code: "invalid_body" } });
  });
});
