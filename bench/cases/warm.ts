import { inLanes, median } from "../lanes.ts";
import type { Cost, Job } from "../load.ts";
import { makeByServer, urlOf } from "../load.ts";
import type { Server } from "../processes.ts";
import { cpuOf } from "../processes.ts";
import { judge, ms } from "../report.ts";
import { OPERATOR } from "../service.ts";
import type { Bench } from "./case.ts";
import { usingService } from "./case.ts";
import { PAGE_WIDTHS } from "./srcset.ts";

const ORIGINALS = 10;
const FORMATS = ["jpg", "webp"] as const;
const MOST = { atMost: 0.7 };

/** All sizes and formats of some originals made ahead, against one request for each. */
export async function warm(bench: Bench): Promise<void> {
  const two = await bench.originals.two();
  const keys = Array.from({ length: ORIGINALS }, (_, index) => two[index % two.length] ?? "");
  await compare(bench, "2K", [...new Set(keys)]);
  await compare(bench, "12 MP", await bench.originals.twelve(ORIGINALS));
}

async function compare(bench: Bench, name: string, keys: readonly string[]): Promise<void> {
  const { options, add } = bench;
  const jobs = keys.flatMap((key) =>
    PAGE_WIDTHS.flatMap((width) => FORMATS.map((format): Job => ({ key, width, format }))),
  );
  const title = `warm-up of ${keys.length} originals of ${name} × 6 × 2`;
  const costs: { warmed: Cost[]; asked: Cost[] } = { warmed: [], asked: [] };
  // each of these takes long, and starts with a service that has nothing
  for (let round = 0; round < Math.min(options.rounds, 3); round += 1) {
    const warmed = await usingService(bench, (service) => measureWarm(service, keys, jobs.length));
    if (typeof warmed === "string") {
      add({ name: title, ours: warmed, reference: `${jobs.length} requests`, target: "≤ 0.70" });
      return;
    }
    costs.warmed.push(warmed);
    costs.asked.push(
      await usingService(bench, ({ url, pid }) =>
        makeByServer(urlOf(url), pid)(jobs, options.lanes),
      ),
    );
  }
  const [ours, asked] = [costs.warmed, costs.asked].map((all) => ({
    wallMs: median(all.map(({ wallMs }) => wallMs)),
    cpuMs: median(all.map(({ cpuMs }) => cpuMs)),
  }));
  if (!ours || !asked) return;
  const rate = (jobs.length / ours.wallMs / options.lanes) * 1000;
  const ratio = ours.wallMs / asked.wallMs;
  add({
    name: title,
    ours: `${ms(ours.wallMs)}, ${rate.toFixed(1)} variants a second and core`,
    reference: `${jobs.length} requests: ${ms(asked.wallMs)}`,
    ratio,
    ...judge(ratio, MOST),
    raw: costs,
  });
  const names = { name: `${title}, CPU`, reference: ms(asked.cpuMs) };
  add({ ...names, ours: ms(ours.cpuMs), ratio: ours.cpuMs / asked.cpuMs });
}

async function measureWarm(
  { url, pid }: Server,
  keys: readonly string[],
  expected: number,
): Promise<Cost | string> {
  const [begin, cpuBegin] = [performance.now(), cpuOf(pid)];
  const answer = await fetch(`${url}/-/warm`, {
    method: "POST",
    headers: { "content-type": "application/json", ...OPERATOR },
    body: JSON.stringify({
      keys,
      transforms: PAGE_WIDTHS.map((width) => `w_${width}`),
      formats: FORMATS,
    }),
  });
  const text = await answer.text();
  if (answer.status === 404 || answer.status === 405) return "not there";
  if (!answer.ok) return `${answer.status}: ${text.slice(0, 100)}`;
  const wallMs = performance.now() - begin;
  const cpuMs = cpuOf(pid) - cpuBegin;
  const missing = await countMissing(url, keys);
  if (missing > 0) return `${missing} of ${expected} variants were not made`;
  return { wallMs, cpuMs };
}

/** Counts the variants that are not redirected to, and so were not made. */
async function countMissing(url: string, keys: readonly string[]): Promise<number> {
  let missing = 0;
  const jobs = keys.flatMap((key) =>
    PAGE_WIDTHS.flatMap((width) => FORMATS.map((format): Job => ({ key, width, format }))),
  );
  await inLanes(2, jobs, async (job) => {
    const answer = await fetch(urlOf(url)(job), { redirect: "manual" });
    await answer.arrayBuffer();
    if (answer.status !== 302) missing += 1;
  });
  return missing;
}
