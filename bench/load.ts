import type { ChildProcess, Serializable } from "node:child_process";
import { fork } from "node:child_process";
import { Agent, request } from "node:http";
import type { ImageFormat } from "../src/transform/formats.ts";
import type { ClientRequest, ClientResult } from "./client.ts";
import { inLanes } from "./lanes.ts";
import type { RawRequest } from "./raw.ts";
import type { CountedS3 } from "./s3.ts";
import type { Options } from "./options.ts";
import type { Originals } from "./originals.ts";
import { cpuOf, QUIET, script, stopProcess } from "./processes.ts";

/** One variant. */
export interface Job {
  readonly key: string;
  readonly width: number;
  readonly format: ImageFormat;
}

/** The cost of some work. */
export interface Cost {
  readonly wallMs: number;
  /** Of the processes that did it, without the client; NaN where the system does not tell. */
  readonly cpuMs: number;
}

/** Does jobs, a number of them at a time. */
export type Maker = (jobs: readonly Job[], lanes: number) => Promise<Cost>;

const agent = new Agent({ keepAlive: true });

/** A GET whose answer is read to its end; cheaper than `fetch`, as it shares the cores with the server. */
export function get(url: string): Promise<{ readonly status: number; readonly body: Buffer }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks) });
      });
    });
    asked.on("error", reject);
    asked.end();
  });
}

/** Asks a server for the jobs. */
export function makeByServer(toUrl: (job: Job) => string, pid?: number): Maker {
  return async (jobs, lanes) => {
    const cpuBegin = pid === undefined ? Number.NaN : cpuOf(pid);
    const begin = performance.now();
    await inLanes(lanes, jobs, async (job) => {
      const { status, body } = await get(toUrl(job));
      if (status !== 200) throw new Error(`${toUrl(job)}: ${status} ${body.toString("latin1")}`);
    });
    const wallMs = performance.now() - begin;
    return { wallMs, cpuMs: pid === undefined ? Number.NaN : cpuOf(pid) - cpuBegin };
  };
}

/** The URL of a job at the service. */
export function urlOf(url: string): (job: Job) => string {
  return ({ key, width, format }) => `${url}/w_${width},f_${format}/${key}`;
}

/** A script of this folder that is told what to do by messages, one at a time. */
interface Helper<Asked extends Serializable, Answer> {
  run(asked: Asked): Promise<Answer>;
  stop(): Promise<void>;
}

async function startHelper<Asked extends Serializable, Answer>(
  name: string,
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<Helper<Asked, Answer>> {
  const [flag = "", loader = "", path = ""] = script(name);
  const env = { ...process.env, ...QUIET, ...environment };
  const child = fork(path, args, { execArgv: [flag, loader], env });
  await nextMessage(child);
  return {
    run: async (asked) => {
      child.send(asked);
      return (await nextMessage(child)) as Answer; // the script sends nothing else
    },
    stop: () => stopProcess(child),
  };
}

function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const end = (): void => reject(new Error("a helper of the bench has ended"));
    child.once("exit", end);
    child.once("message", (message) => {
      child.off("exit", end);
      resolve(message);
    });
  });
}

/** Starts sharp alone, reading from the folder or, given one, from S3. */
export async function startRaw(
  { folder }: Originals,
  s3?: CountedS3,
): Promise<{ readonly make: Maker; stop(): Promise<void> }> {
  const args = s3 ? [s3.environment["S3_BUCKET"] ?? "", "s3"] : [folder, "file"];
  const helper = await startHelper<RawRequest, Cost>("raw.ts", args, s3?.environment);
  return { make: (jobs, lanes) => helper.run({ jobs, lanes }), stop: helper.stop };
}

export type Client = Helper<ClientRequest, ClientResult>;

/** Starts a client in a process of its own, to put load on a server. */
export function startClient(): Promise<Client> {
  return startHelper("client.ts");
}

/** In each as many jobs as there are originals and widths: some six thousand in all. */
const WARM_UP_TURNS = 120;
const WARM_UP_WIDTHS = [8, 16, 24, 32, 40, 48];

/**
 * Has each of them make many small variants. V8 compiles code that runs often, so a process that has just started
 * takes longer for everything.
 */
export async function warmUp(
  makers: readonly Maker[],
  { options, originals, s3 }: WarmUp,
): Promise<void> {
  const keys = await originals.tiny();
  for (let turn = 0; turn < WARM_UP_TURNS; turn += 1) {
    const fresh = await originals.afresh(keys);
    await s3?.put(originals, fresh);
    const jobs = WARM_UP_WIDTHS.flatMap((width) =>
      fresh.map((key): Job => ({ key, width, format: "jpg" })),
    );
    for (const make of makers) await make(jobs, options.lanes);
  }
}

interface WarmUp {
  readonly options: Pick<Options, "lanes">;
  readonly originals: Originals;
  readonly s3?: CountedS3 | undefined;
}

/**
 * Does the same by each maker in turns: a round to warm up, then as many as the options say.
 *
 * @param toJobs what nobody has been asked for before
 */
export async function alternate<Name extends string>(
  { rounds, lanes }: Pick<Options, "rounds" | "lanes">,
  makers: Readonly<Record<Name, Maker>>,
  toJobs: () => Promise<readonly Job[]>,
): Promise<Record<Name, Cost[]>> {
  const names = Object.keys(makers) as Name[]; // a record has the keys it is declared with
  const costs = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    Name,
    Cost[]
  >;
  for (let round = 0; round <= rounds; round += 1) {
    const jobs = await toJobs();
    // each goes first and last in turn: one that goes on where it left off has warmer caches
    const first = round % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      const cost = await makers[name](jobs, lanes);
      if (round > 0) costs[name].push(cost);
    }
  }
  return costs;
}
