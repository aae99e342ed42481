import { inLanes } from "../lanes.ts";
import type { Job } from "../load.ts";
import { get, urlOf } from "../load.ts";
import type { Server } from "../processes.ts";
import { HAS_PROC, memoryOf, pause } from "../processes.ts";
import { judge } from "../report.ts";
import type { Bench } from "./case.ts";
import { usingService } from "./case.ts";

const MIB = 1024 * 1024;
const FORMATS = ["jpg", "webp", "png", "jpg", "webp", "avif"] as const;
const SAMPLE_MS = 100;
const MOST_PARENT_MB = 250;
const MOST_CHILD_MB = 350;

/** Measures the memory of the service during and after many misses of all kinds. */
export async function memory(bench: Bench): Promise<void> {
  if (!HAS_PROC) {
    const ours = "this system does not tell the memory of processes";
    bench.add({ name: "memory", ours, reference: "" });
    return;
  }
  const jobs = await listJobs(bench);
  await usingService(bench, (service) => measure(bench, service, jobs));
}

/** One in twenty of 12 MP, one in a hundred of 36 MP, the rest as photographs come. */
async function listJobs({ originals, options }: Bench): Promise<readonly Job[]> {
  const two = await originals.two();
  const [twelve, thirtySix] = [await originals.twelve(), await originals.thirtySix()];
  const pick = (index: number): string | undefined => {
    if (index % 100 === 50) return thirtySix[((index / 100) % thirtySix.length) | 0];
    if (index % 20 === 10) return twelve[((index / 20) % twelve.length) | 0];
    return two[index % two.length];
  };
  return Array.from({ length: options.misses }, (_, index) => ({
    key: pick(index) ?? "",
    // no two alike
    width: 100 + Math.floor(index / two.length) * 4,
    format: FORMATS[index % FORMATS.length] ?? "jpg",
  }));
}

interface Peak {
  parent: number;
  children: number;
}

async function measure(
  { options, add }: Bench,
  service: Server,
  jobs: readonly Job[],
): Promise<void> {
  const toUrl = urlOf(service.url);
  const begin = memoryOf(service.pid);
  const peak: Peak = { parent: 0, children: 0 };
  const timer = setInterval(() => sample(service, peak), SAMPLE_MS);
  const failures: Record<number, number> = {};
  await inLanes(2 * options.lanes, jobs, async (job) => {
    const { status } = await get(toUrl(job));
    if (status !== 200) failures[status] = (failures[status] ?? 0) + 1;
  });
  sample(service, peak);
  await pause(1000);
  clearInterval(timer);
  const end = memoryOf(service.pid);
  const largest = Math.max(...end.children);
  const failed =
    Object.keys(failures).length > 0 ? `, not served: ${JSON.stringify(failures)}` : "";
  const raw = { begin, peak, end, failures };
  const count = `${jobs.length} mixed misses${failed}`;
  add({
    name: `memory of the parent after ${count}`,
    ours: `${mib(end.parent)}, at most ${mib(peak.parent)}`,
    reference: `at the start ${mib(begin.parent)}`,
    ratio: end.parent / begin.parent,
    ...judge(end.parent / MIB, { atMost: MOST_PARENT_MB }),
    target: `< ${MOST_PARENT_MB} MB`,
    raw,
  });
  add({
    name: `memory of each child after ${count}`,
    ours: `${end.children.map(mib).join(", ")}, at most ${mib(peak.children)}`,
    reference: `at the start ${begin.children.map(mib).join(", ")}`,
    ratio: largest / Math.max(...begin.children),
    ...judge(largest / MIB, { atMost: MOST_CHILD_MB }),
    target: `< ${MOST_CHILD_MB} MB`,
  });
}

function sample({ pid }: Server, peak: Peak): void {
  const { parent, children } = memoryOf(pid);
  peak.parent = Math.max(peak.parent, parent);
  peak.children = Math.max(peak.children, ...children);
}

function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(0)} MB`;
}
