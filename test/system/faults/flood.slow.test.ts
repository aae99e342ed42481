import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { drawQuadrants } from "../../support/images.ts";
import type { FaultyS3 } from "../../support/s3/proxy.ts";
import { startFaultyS3 } from "../../support/s3/proxy.ts";
import type { Instance } from "../../support/service/fleet.ts";
import { startInstance } from "../../support/service/fleet.ts";
import { flood } from "../../support/service/flood.ts";
import { sleep, until } from "../../support/service/server.ts";

let s3: FaultyS3;
let service: Instance;

beforeAll(async () => {
  s3 = await startFaultyS3();
  await s3.putOriginal("a.png", await drawQuadrants(60, 40).png().toBuffer());
  service = await startInstance("flooded", s3);
});

afterAll(async () => {
  await service.end("SIGKILL");
  await s3.stop();
});

/** The most memory that a process has held, in MB. */
function readPeak(pid: number): number {
  const [, peak] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(peak) / 1024;
}

async function ask(path: string): Promise<number> {
  const answer = await fetch(service.url + path, { redirect: "manual" });
  await answer.arrayBuffer();
  return answer.status;
}

it.runIf(process.platform === "linux")(
  "holds little, and answers others, while 80,000 requests come on two connections",
  async () => {
    await until(async () => (await ask("/w_3/a.png")) === 302);
    s3.fail(/gone-/, { before: () => sleep(200) });
    const floods = [1, 2].map(() => flood(service.url, 40_000));
    await until(async () => floods.every(({ answers }) => answers().length > 0));
    const times: number[] = [];
    for (let asked = 0; asked < 200; asked += 1) {
      const begin = performance.now();
      expect(await ask("/healthz")).toBe(200);
      times.push(performance.now() - begin);
      expect(await ask("/w_3/a.png")).toBe(302);
      await sleep(20);
    }
    const peak = readPeak(service.run.process.pid ?? 0);
    const [p99 = 0] = times.toSorted((a, b) => b - a).slice(2);
    process.stdout.write(`peak ${Math.round(peak)} MB, /healthz p99 ${Math.round(p99)} ms\n`);
    expect(peak).toBeLessThan(300);
    for (const { socket } of floods) socket.destroy();
  },
);
