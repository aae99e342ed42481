import { median, sum } from "../lanes.ts";
import type { Cost, Job, Maker } from "../load.ts";
import { alternate, makeByServer, startRaw, urlOf, warmUp } from "../load.ts";
import type { Server } from "../processes.ts";
import { HAS_PROC } from "../processes.ts";
import type { Row, Target } from "../report.ts";
import { judge, ms } from "../report.ts";
import type { CountedS3 } from "../s3.ts";
import { startLeast } from "../service.ts";
import type { Bench } from "./case.ts";
import { using, usingService } from "./case.ts";

const FORMATS = ["jpg", "png", "webp", "avif"] as const;
/** How much of sharp's own speed is to be left. */
const SMALL: Target = { atLeast: 0.95 };
/** Of originals over 2 MB. */
const LARGE: Target = { atLeast: 0.9 };
/** At least; what begins and ends with a round is a small part of it. */
const PER_ROUND = 16;

interface MissSet {
  readonly name: string;
  readonly keys: readonly string[];
  readonly width: number;
  readonly format: Job["format"];
  readonly target: Target;
}

/**
 * Cold misses against sharp alone in a process, reading the same files, with the same settings; and how much of that
 * is left to whoever has image processes and keeps what they make, and does nothing else.
 */
export async function misses(bench: Bench): Promise<void> {
  const { originals } = bench;
  const two = (await originals.two()).slice(0, PER_ROUND);
  const sets: MissSet[] = FORMATS.map((format) => ({
    name: `2K → 512 ${format}`,
    keys: two,
    width: 512,
    format,
    target: SMALL,
  }));
  sets.push({ name: "2K → 150 jpg", keys: two, width: 150, format: "jpg", target: SMALL });
  const large = { format: "jpg", target: LARGE } as const;
  const [twelve, thirtySix] = [await originals.twelve(), await originals.thirtySix()];
  sets.push({ ...large, name: "12 MP → 300 jpg", keys: twelve, width: 300 });
  sets.push({ ...large, name: "36 MP → 500 jpg", keys: thirtySix, width: 500 });
  await compareAll(bench, sets);
}

/** The same with originals in S3, of which sharp alone has its own by the same client. */
export async function missesOnS3(bench: Bench): Promise<void> {
  const two = (await bench.originals.two()).slice(0, PER_ROUND);
  const twelve = await bench.originals.twelve();
  const common = { format: "jpg" } as const;
  const sets: MissSet[] = [
    { ...common, name: "S3: 2K → 512 jpg", keys: two, width: 512, target: SMALL },
    { ...common, name: "S3: 12 MP → 300 jpg", keys: twelve, width: 300, target: LARGE },
  ];
  const { startCountedS3 } = await import("../s3.ts"); // which takes long to load
  await using(startCountedS3(), (s3) => compareAll({ ...bench, s3 }, sets));
}

interface MissBench extends Bench {
  /** Where originals and variants are, if not in files. */
  readonly s3?: CountedS3;
}

async function compareAll(bench: MissBench, sets: readonly MissSet[]): Promise<void> {
  const { options, originals, s3 } = bench;
  const compareWith = async (service: Server, least: Server, raw: Maker): Promise<void> => {
    const makers = {
      ours: makeByServer(urlOf(service.url), service.pid),
      least: makeByServer(urlOf(least.url), least.pid),
      raw,
    };
    await warmUp(Object.values(makers), bench);
    for (const set of sets) await compare(bench, set, makers);
  };
  const work = (service: Server): Promise<void> =>
    using(startLeast(options, originals, s3?.environment), (least) =>
      using(startRaw(originals, s3), (raw) => compareWith(service, least, raw.make)),
    );
  await usingService(bench, work, s3?.environment);
}

async function compare(
  { options, originals, add, s3 }: MissBench,
  { name, keys, width, format, target }: MissSet,
  makers: Readonly<Record<"ours" | "least" | "raw", Maker>>,
): Promise<void> {
  // originals in S3 are put there anew for each round, which takes longer than the round
  const repeats = s3 ? 1 : Math.ceil(PER_ROUND / keys.length);
  const toJobs = async (): Promise<Job[]> => {
    const jobs: Job[] = [];
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      const fresh = await originals.afresh(keys);
      await s3?.put(originals, fresh);
      jobs.push(...fresh.map((key) => ({ key, width, format })));
    }
    return jobs;
  };
  const { ours, least, raw } = await alternate(options, makers, toJobs);
  const about = { reference: "sharp", count: repeats * keys.length };
  for (const row of compareCosts({ ...about, name, target }, { ours, raw })) add(row);
  const limit = { ...about, name: `${name}, the least that can do it` };
  for (const row of compareCosts(limit, { ours: least, raw })) add(row);
}

/** A row for the time and one for the processor time of so many images. */
export function compareCosts(
  {
    name,
    reference,
    count,
    target,
  }: {
    readonly name: string;
    readonly reference: string;
    readonly count: number;
    readonly target?: Target;
  },
  costs: { readonly ours: readonly Cost[]; readonly raw: readonly Cost[] },
): readonly Row[] {
  const units = HAS_PROC ? (["wallMs", "cpuMs"] as const) : (["wallMs"] as const);
  return units.map((unit) => {
    const pick = (of: readonly Cost[]): number => median(of.map((cost) => cost[unit])) / count;
    const [ours, theirs] = [pick(costs.ours), pick(costs.raw)];
    const ratio = unit === "cpuMs" ? sumOf(costs.raw) / sumOf(costs.ours) : theirs / ours;
    return {
      name: unit === "cpuMs" ? `${name}, CPU` : name,
      ours: ms(ours),
      reference: `${reference}: ${ms(theirs)}`,
      ratio,
      ...(target && judge(ratio, target)),
      raw: costs,
    };
  });
}

/** The clock of processor time is coarse: its readings are added up. */
function sumOf(costs: readonly Cost[]): number {
  return sum(costs.map(({ cpuMs }) => cpuMs));
}
