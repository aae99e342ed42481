import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import type { Report } from "../../bench/report.ts";

const MAIN = fileURLToPath(new URL("../../bench/main.ts", import.meta.url));

function bench(...args: readonly string[]): Promise<{ stdout: string }> {
  const loader = ["--no-warnings", "--import", "tsx", MAIN];
  return promisify(execFile)(process.execPath, [...loader, ...args]);
}

it("measures hits beside a bare responder, and keeps the numbers", async () => {
  const folder = await mkdtemp(join(tmpdir(), "shift-media-"));
  const json = join(folder, "results.json");
  try {
    const short = ["--rounds", "1", "--seconds", "0.1", "--from-source"];
    const { stdout } = await bench("--only", "hits", "--json", json, ...short);
    expect(stdout).toContain("| redirect hits |");
    const { rows } = JSON.parse(await readFile(json, "utf8")) as Report; // the bench's own
    // the clock of processor time is too coarse for so short a run
    const ratios = rows.filter(({ name }) => !name.endsWith("CPU")).map(({ ratio }) => ratio);
    expect(ratios.length).toBeGreaterThan(0);
    for (const ratio of ratios) expect(ratio).toBeGreaterThan(0);
  } finally {
    await rm(folder, { recursive: true });
  }
}, 60_000);

it("says what it does not know", async () => {
  await expect(bench("--only", "misses,nothing")).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('got "nothing"'),
  });
  await expect(bench("--peer", "imgproxy")).rejects.toMatchObject({ code: 2 });
});
