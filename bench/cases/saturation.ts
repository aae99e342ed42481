import type { ClientResult } from "../client.ts";
import { quantile, sum } from "../lanes.ts";
import type { Client } from "../load.ts";
import { get, startClient } from "../load.ts";
import type { Server } from "../processes.ts";
import { pause } from "../processes.ts";
import { ms } from "../report.ts";
import { readMetric } from "../service.ts";
import type { Bench } from "./case.ts";
import { using, usingService } from "./case.ts";

const PER_SECOND = 50;
const HIT_WIDTHS = [200, 220, 240, 260];
const MOST_MS = 50;
/** Time for the queue to fill. */
const LEAD_MS = 2000;
const QUEUE_PER_CHILD = 32; // the default

/** How long hits take while every image process is at work, its queue is full and misses are refused. */
export async function saturation(bench: Bench): Promise<void> {
  await using(startClient(), (visitors) =>
    using(startClient(), (crowd) =>
      usingService(bench, (service) => measure(bench, service, { visitors, crowd })),
    ),
  );
}

async function measure(
  { options, originals, add }: Bench,
  service: Server,
  { visitors, crowd }: { readonly visitors: Client; readonly crowd: Client },
): Promise<void> {
  const seconds = Math.max(2, options.seconds * 2);
  const keys = (await originals.two()).slice(0, HIT_WIDTHS.length);
  const urls = keys.map((key, index) => `${service.url}/w_${HIT_WIDTHS[index]}/${key}`);
  for (const url of urls) await get(url);
  await pause(500);
  const steady = { kind: "steady", urls, perSecond: PER_SECOND, seconds } as const;
  const idle = await visitors.run(steady);
  const large = await originals.twelve();
  const saturating = crowd.run({
    kind: "saturate",
    templates: large.map((key) => `${service.url}/w_{width},f_avif/${key}`),
    widths: [1000, 2000],
    connections: options.lanes * (QUEUE_PER_CHILD + 1) + 40,
    seconds: seconds + LEAD_MS / 1000 + 3,
  });
  await pause(LEAD_MS);
  const queued: number[] = [];
  const timer = setInterval(() => {
    void readMetric(service, "queue").then((length) => queued.push(length));
  }, 500);
  const busy = await visitors.run(steady);
  clearInterval(timer);
  const misses = await saturating;
  const refused = misses.statuses["503"] ?? 0;
  const served = shareServed(busy);
  const p99 = quantile(busy.latencies, 0.99);
  add({
    name: `hits while saturated (queue up to ${Math.max(0, ...queued)}, ${refused} misses refused)`,
    ours: `${describe(busy)}; ${(served * 100).toFixed(1)} % served`,
    reference: `idle: ${describe(idle)}`,
    ratio: quantile(idle.latencies, 0.99) / p99,
    target: `p99 < ${MOST_MS} ms, 100 %`,
    isMet: p99 < MOST_MS && served === 1 && refused > 0,
    raw: { idle, busy, queued, misses: misses.statuses },
  });
}

function describe({ latencies }: ClientResult): string {
  const [p50, p99] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
  return `p50 ${ms(p50)}, p99 ${ms(p99)}, max ${ms(Math.max(...latencies))}`;
}

function shareServed({ statuses }: ClientResult): number {
  const good = (statuses["302"] ?? 0) + (statuses["200"] ?? 0);
  return good / sum(Object.values(statuses));
}
