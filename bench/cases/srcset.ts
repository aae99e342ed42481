import { median, sum } from "../lanes.ts";
import type { Cost, Job } from "../load.ts";
import { alternate, makeByServer, startRaw, urlOf, warmUp } from "../load.ts";
import type { Originals } from "../originals.ts";
import type { Server } from "../processes.ts";
import { judge, ms } from "../report.ts";
import { readMetric } from "../service.ts";
import type { Bench } from "./case.ts";
import { using, usingService } from "./case.ts";

export const PAGE_WIDTHS: readonly number[] = [320, 480, 640, 960, 1280, 1920];
const CARD_WIDTHS = [96, 128, 192, 256, 320, 400];
const MOST = { atMost: 0.55 };

interface Burst {
  readonly name: string;
  readonly key: string;
  readonly widths: readonly number[];
  readonly format: Job["format"];
}

/** The requests that a browser may send at once. */
export async function listBursts(originals: Originals): Promise<readonly Burst[]> {
  const [jpeg = ""] = await originals.twelve(1);
  const png = await originals.twelvePng();
  return [PAGE_WIDTHS, CARD_WIDTHS].flatMap((widths) =>
    [jpeg, png].flatMap((key) =>
      (["jpg", "webp"] as const).map((format) => ({
        name: `srcset ${widths[0]}–${widths.at(-1)} ${format} of a 12 MP ${key === png ? "PNG" : "JPEG"}`,
        key,
        widths,
        format,
      })),
    ),
  );
}

/** Six widths of one original at once, against sharp alone making each of them from the start. */
export async function srcset(bench: Bench): Promise<void> {
  const bursts = await listBursts(bench.originals);
  await usingService(bench, (service) =>
    using(startRaw(bench.originals), async (raw) => {
      await warmUp([makeByServer(urlOf(service.url)), raw.make], bench);
      for (const burst of bursts) await compare(bench, burst, { service, raw: raw.make });
    }),
  );
}

async function compare(
  { options, originals, add }: Bench,
  { name, key, widths, format }: Burst,
  { service, raw }: { service: Server; raw: ReturnType<typeof makeByServer> },
): Promise<void> {
  const byService = makeByServer(urlOf(service.url), service.pid);
  const fetches: number[] = [];
  const atOnce = async (jobs: readonly Job[]): Promise<Cost> => {
    const before = await readMetric(service, "fetches_total");
    const cost = await byService(jobs, jobs.length);
    fetches.push((await readMetric(service, "fetches_total")) - before);
    return cost;
  };
  const toJobs = async (): Promise<Job[]> => {
    const [fresh = ""] = await originals.afresh([key]);
    return widths.map((width) => ({ key: fresh, width, format }));
  };
  const costs = await alternate(options, { ours: atOnce, raw }, toJobs);
  const cpu = ratioOf(costs, (cost) => cost.cpuMs);
  const wall = ratioOf(costs, (cost) => cost.wallMs);
  const gets = Math.max(...fetches.slice(1));
  add({
    name: `${name}, CPU`,
    ours: `${ms(cpu.ours)}, ${gets} GET`,
    reference: `6 × sharp: ${ms(cpu.raw)}`,
    ratio: cpu.ratio,
    ...judge(gets === 1 ? cpu.ratio : Math.max(cpu.ratio, gets), MOST),
    target: `≤ ${MOST.atMost}, 1 GET`,
    raw: { costs, fetches },
  });
  add({
    name: `${name}, time`,
    ours: ms(wall.ours),
    reference: `6 × sharp: ${ms(wall.raw)}`,
    ratio: wall.ratio,
  });
}

/** Here less is better. */
function ratioOf(
  costs: { readonly ours: readonly Cost[]; readonly raw: readonly Cost[] },
  pick: (cost: Cost) => number,
): { ours: number; raw: number; ratio: number } {
  const [ours, raw] = [costs.ours.map(pick), costs.raw.map(pick)];
  return { ours: median(ours), raw: median(raw), ratio: sum(ours) / sum(raw) };
}
