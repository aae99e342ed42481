import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BareAnswers } from "../bare.ts";
import { median, sum } from "../lanes.ts";
import type { Client } from "../load.ts";
import { startClient } from "../load.ts";
import type { Server } from "../processes.ts";
import { cpuOf, HAS_PROC, pause, script, startProgram } from "../processes.ts";
import { judge } from "../report.ts";
import type { Bench } from "./case.ts";
import { using, usingService } from "./case.ts";

const CONNECTIONS = 16;
/** By which the service knows a CDN, which it streams to. */
const FROM_CDN = { via: "1.1 bench" };
/** Hits need none. */
const NO_POOL = { POOL_SIZE: "1" };
/** Set by Node for both. */
const NOT_OURS = new Set(["date", "connection", "keep-alive", "transfer-encoding", "location"]);

interface Speed {
  readonly perSecond: number;
  /** Of the server, in microseconds. */
  readonly cpuPerRequest: number;
}

interface LoadBench extends Bench {
  readonly client: Client;
}

interface Comparison {
  readonly name: string;
  readonly ours: { readonly server: Server; readonly url: string };
  readonly bare: { readonly server: Server; readonly url: string };
  readonly status: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly hasTarget: boolean;
}

/** Hits against the least that hono on Node can do, with the same headers and as many bytes. */
export async function hits(bench: Bench): Promise<void> {
  const [key = ""] = await bench.originals.two(1);
  const path = `/w_512/${key}`;
  await using(startClient(), (client) =>
    usingService(bench, (service) => compareWithBare({ ...bench, client }, service, path), {
      ...NO_POOL,
      LOG_LEVEL: "warn",
    }),
  );
}

async function compareWithBare(bench: LoadBench, service: Server, path: string): Promise<void> {
  const url = service.url + path;
  const answers = await observe(url);
  await using(startBare(answers), async (bare) => {
    const sides = (route: string): Pick<Comparison, "ours" | "bare"> => ({
      ours: { server: service, url },
      bare: { server: bare, url: `${bare.url}/${route}${path}` },
    });
    await compare(bench, {
      name: "redirect hits",
      ...sides("redirect"),
      status: "302",
      hasTarget: true,
    });
    await compare(bench, {
      name: `streamed hits (${answers.size} bytes)`,
      ...sides("bytes"),
      status: "200",
      headers: FROM_CDN,
      hasTarget: false,
    });
    await usingService(
      bench,
      async (logging) => {
        await observe(logging.url + path);
        const ours = { server: logging, url: logging.url + path };
        const name = "redirect hits, a log line each";
        await compare(bench, { ...sides("redirect"), ours, name, status: "302", hasTarget: false });
      },
      { ...NO_POOL, LOG_LEVEL: "info" },
    );
  });
}

/** Has the variant made, and looks at what is answered from then on. */
async function observe(url: string): Promise<BareAnswers> {
  await (await fetch(url)).arrayBuffer();
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const redirect = await fetch(url, { redirect: "manual" });
    await redirect.arrayBuffer();
    if (redirect.status === 302) {
      const streamed = await fetch(url, { headers: FROM_CDN });
      const { length: size } = new Uint8Array(await streamed.arrayBuffer());
      return {
        location: redirect.headers.get("location") ?? "",
        redirectHeaders: pickHeaders(redirect),
        size,
        byteHeaders: pickHeaders(streamed),
      };
    }
    await pause(20);
  }
  throw new Error("the service does not redirect");
}

function pickHeaders({ headers }: Response): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => !NOT_OURS.has(name)));
}

async function startBare(answers: BareAnswers): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), "shift-media-bench-bare-"));
  const server = await startProgram({
    args: [...script("bare.ts"), JSON.stringify(answers)],
    logFile: join(folder, "log"),
  });
  return {
    ...server,
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true });
    },
  };
}

async function compare(bench: LoadBench, comparison: Comparison): Promise<void> {
  const { options, add } = bench;
  const { name, hasTarget } = comparison;
  const speeds: { ours: Speed[]; bare: Speed[] } = { ours: [], bare: [] };
  for (let round = 0; round <= options.rounds; round += 1) {
    for (const side of round % 2 ? (["bare", "ours"] as const) : (["ours", "bare"] as const)) {
      const speed = await measure(bench, comparison, side);
      if (round > 0) speeds[side].push(speed);
    }
  }
  const rate = (side: "ours" | "bare"): number =>
    median(speeds[side].map(({ perSecond }) => perSecond));
  const cpu = (side: "ours" | "bare"): number =>
    median(speeds[side].map(({ cpuPerRequest }) => cpuPerRequest));
  const print = (side: "ours" | "bare"): string =>
    `${rate(side).toFixed(0)}/s, ${cpu(side).toFixed(0)} µs CPU`;
  const ratio = rate("ours") / rate("bare");
  add({
    name,
    ours: print("ours"),
    reference: `bare hono: ${print("bare")}`,
    ratio,
    ...(hasTarget && judge(ratio, { atLeast: 0.8 })),
    raw: speeds,
  });
  if (!HAS_PROC) return;
  const ratioOfCpu = cpu("bare") / cpu("ours");
  const [ours, bare] = [cpu("ours"), cpu("bare")].map((value) => `${value.toFixed(1)} µs`);
  add({ name: `${name}, CPU`, ours: ours ?? "", reference: bare ?? "", ratio: ratioOfCpu });
}

async function measure(
  { client, options: { seconds } }: LoadBench,
  comparison: Comparison,
  side: "ours" | "bare",
): Promise<Speed> {
  const { server, url } = comparison[side];
  const { headers = {}, status } = comparison;
  const before = cpuOf(server.pid);
  const result = await client.run({
    kind: "flood",
    url,
    connections: CONNECTIONS,
    seconds,
    headers,
  });
  const count = sum(Object.values(result.statuses));
  if (count !== result.statuses[status]) {
    throw new Error(`answers other than ${status}: ${JSON.stringify(result.statuses)}`);
  }
  return {
    perSecond: count / result.seconds,
    cpuPerRequest: ((cpuOf(server.pid) - before) * 1000) / count,
  };
}
