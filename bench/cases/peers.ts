import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import sharp from "sharp";
import type { Cost, Job, Maker } from "../load.ts";
import { alternate, get, makeByServer, urlOf, warmUp } from "../load.ts";
import type { Server } from "../processes.ts";
import { script, startProgram } from "../processes.ts";
import type { Target } from "../report.ts";
import { makeScratch } from "../service.ts";
import type { Bench } from "./case.ts";
import { using, usingService } from "./case.ts";
import { compareCosts } from "./misses.ts";
import { listBursts } from "./srcset.ts";

const FORMATS = ["jpg", "png", "webp", "avif"] as const;
const SHARP_NAMES: Readonly<Record<string, string>> = { jpg: "jpeg", avif: "heif" };
const PER_ROUND = 16;

interface Peer {
  readonly name: string;
  /** With {width}, {height}, {format} and {key}. */
  readonly template: string;
  /** Of one that we have started. */
  readonly pid?: number;
}

interface Request {
  readonly name: string;
  readonly toJobs: (keys: readonly string[]) => readonly Job[];
  readonly keys: readonly string[];
  readonly isBurst?: boolean;
}

/** The same requests sent to the service and to other servers in turn. */
export async function peers(bench: Bench): Promise<void> {
  const { originals, options } = bench;
  await usingService(bench, async (service) => {
    await using(startIpx(originals.folder), (ipx) => {
      const template = `${ipx.url}/w_{width},f_{format}/{key}`;
      return compareAll(bench, service, { name: "IPX", template, pid: ipx.pid });
    });
  });
  for (const [name, template] of Object.entries(options.peers)) {
    await usingService(bench, (service) => compareAll(bench, service, { name, template }));
  }
}

async function startIpx(folder: string): Promise<Server> {
  const logFile = join(await makeScratch(), "log");
  return startProgram({ args: [...script("../test/support/programs/ipx.ts"), folder], logFile });
}

async function compareAll(bench: Bench, service: Server, peer: Peer): Promise<void> {
  const requests = await listRequests(bench); // whose originals are there from now on
  const toUrl = await prepareUrls(peer, bench.originals.folder);
  const makers = [makeByServer(urlOf(service.url)), makeByServer(toUrl)];
  // a peer that cannot do it says so in its rows
  await warmUp(makers, bench).catch(() => undefined);
  for (const request of requests) await compare(bench, service, { peer, request, toUrl });
}

function ask(width: number, format: Job["format"]): Request["toJobs"] {
  return (keys) => keys.map((key) => ({ key, width, format }));
}

async function listRequests({ originals }: Bench): Promise<readonly Request[]> {
  const two = (await originals.two()).slice(0, PER_ROUND);
  const twelve = await originals.twelve();
  const misses = FORMATS.map((format): Request => {
    return { name: `2K → 512 ${format}`, keys: two, toJobs: ask(512, format) };
  });
  const small = { name: "2K → 150 jpg", keys: two, toJobs: ask(150, "jpg") };
  const large = { name: "12 MP → 300 jpg", keys: twelve, toJobs: ask(300, "jpg") };
  const bursts = (await listBursts(originals)).map(({ name, key, widths, format }) => ({
    name,
    keys: [key],
    isBurst: true,
    toJobs: (keys: readonly string[]): Job[] =>
      keys.flatMap((fresh) => widths.map((width) => ({ key: fresh, width, format }))),
  }));
  return [...misses, small, large, ...bursts];
}

interface Comparison {
  readonly peer: Peer;
  readonly request: Request;
  /** The URL of a job at the peer. */
  readonly toUrl: (job: Job) => string;
}

async function compare(
  { options, originals, add }: Bench,
  service: Server,
  { peer, request, toUrl }: Comparison,
): Promise<void> {
  const name = `${peer.name}: ${request.name}`;
  const toJobs = async (): Promise<readonly Job[]> =>
    request.toJobs(await originals.afresh(request.keys));
  const jobs = await toJobs();
  const problem = jobs[0] && (await findProblem(toUrl, jobs[0]));
  if (problem) {
    add({ name, ours: "", reference: problem });
    return;
  }
  const atOnce = (make: Maker): Maker =>
    request.isBurst ? (all): Promise<Cost> => make(all, all.length) : make;
  const makers = {
    ours: atOnce(makeByServer(urlOf(service.url), service.pid)),
    raw: atOnce(makeByServer(toUrl, peer.pid)),
  };
  const costs = await alternate(options, makers, toJobs);
  const target: Target = { atLeast: request.isBurst ? 2 : 1 };
  const isIpx = peer.pid !== undefined;
  const count = request.isBurst ? 1 : jobs.length;
  const rows = compareCosts({ name, reference: peer.name, count, ...(isIpx && { target }) }, costs);
  for (const row of isIpx ? rows : rows.slice(0, 1)) add(row);
}

/** Fills in the template; a height for a width is worked out from the original. */
async function prepareUrls({ template }: Peer, folder: string): Promise<(job: Job) => string> {
  const ratios = new Map<string, number>();
  if (template.includes("{height}")) {
    for (const key of (await readdir(folder)).filter((name) => /\.(?:jpg|png)$/.test(name))) {
      const { width, height } = await sharp(join(folder, key)).metadata();
      ratios.set(key, height / width);
    }
  }
  return ({ key, width, format }) =>
    template
      .replaceAll("{key}", key)
      .replaceAll("{width}", String(width))
      .replaceAll("{height}", String(Math.round(width * (ratios.get(basename(key)) ?? 1))))
      .replaceAll("{format}", format);
}

/** Says why an answer of a peer is not the image that was requested. */
async function findProblem(toUrl: (job: Job) => string, job: Job): Promise<string | undefined> {
  const url = toUrl(job);
  try {
    const { status, body } = await get(url);
    if (status !== 200) return `answers ${status} for ${url}`;
    const { width, format } = await sharp(body).metadata();
    if (width !== job.width) return `${width} pixels wide instead of ${job.width}: ${url}`;
    const expected = SHARP_NAMES[job.format] ?? job.format;
    return format === expected ? undefined : `${format} instead of ${job.format}: ${url}`;
  } catch (error) {
    return `does not answer ${url}: ${String(error).slice(0, 100)}`;
  }
}
