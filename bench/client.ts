// Load on a server, in a process of its own, which is told what to do by messages.
import { Agent, request } from "node:http";
import type { Socket } from "node:net";
import { connect } from "node:net";

export type ClientRequest =
  /** As many requests for one URL as so many connections carry. */
  | {
      readonly kind: "flood";
      readonly url: string;
      readonly connections: number;
      readonly seconds: number;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Requests in turn for these URLs at a steady rate, whatever becomes of them. */
  | {
      readonly kind: "steady";
      readonly urls: readonly string[];
      readonly perSecond: number;
      readonly seconds: number;
    }
  /** Keeps a number of requests under way, each for a new `{width}` of a template, and repeats those that are refused. */
  | {
      readonly kind: "saturate";
      readonly templates: readonly string[];
      readonly widths: readonly [from: number, to: number];
      readonly connections: number;
      readonly seconds: number;
    };

export interface ClientResult {
  readonly seconds: number;
  /** How many answers there were of each status; 0 where there was none. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Milliseconds from when a request was due to the end of its answer. */
  readonly latencies: readonly number[];
}

const RETRY_MS = 100;

/** One task: its answers so far, and when it ends. */
interface Task {
  readonly begin: number;
  readonly end: number;
  readonly statuses: Record<string, number>;
  readonly latencies: number[];
}

process.on("message", (asked: ClientRequest) => void carryOut(asked));
process.on("disconnect", () => process.exit());
process.send?.("ready");

async function carryOut(asked: ClientRequest): Promise<void> {
  const begin = performance.now();
  const end = begin + asked.seconds * 1000;
  const task: Task = { begin, end, statuses: {}, latencies: [] };
  if (asked.kind === "flood") await flood(task, asked);
  else if (asked.kind === "steady") await keepSteady(task, asked);
  else await saturate(task, asked);
  const { statuses, latencies } = task;
  const result: ClientResult = {
    seconds: (performance.now() - begin) / 1000,
    statuses,
    latencies,
  };
  process.send?.(result);
}

function isOver({ end }: Task): boolean {
  return performance.now() >= end;
}

function count({ statuses }: Task, status: string): void {
  statuses[status] = (statuses[status] ?? 0) + 1;
}

/** On bare sockets: an HTTP client would cost more than the server. */
async function flood(
  task: Task,
  { url, connections, headers = {} }: Extract<ClientRequest, { kind: "flood" }>,
): Promise<void> {
  const { hostname, port, pathname, search, host } = new URL(url);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const message = `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\n${lines.join("")}\r\n`;
  const open = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      socket.on("connect", () => socket.write(message));
      socket.on("error", reject);
      socket.on("close", () => resolve());
      readAnswers(socket, (status) => {
        count(task, status);
        if (isOver(task)) socket.destroy();
        else socket.write(message);
      });
    });
  await Promise.all(Array.from({ length: connections }, open));
}

/** One answer at a time, each with a Content-Length. */
function readAnswers(socket: Socket, onAnswer: (status: string) => void): void {
  let head = "";
  let status = "";
  let missing = 0;
  socket.on("data", (chunk: Buffer) => {
    if (missing > 0) missing -= chunk.length;
    else {
      head += chunk.toString("latin1");
      const length = head.indexOf("\r\n\r\n");
      if (length === -1) return;
      const [, bytes] = /\r\ncontent-length: (\d+)/i.exec(head) ?? [];
      if (bytes === undefined) throw new Error(`no Content-Length: ${head}`);
      status = head.slice(9, 12);
      missing = Number(bytes) + length + 4 - head.length;
      head = "";
    }
    if (missing === 0) onAnswer(status);
  });
}

async function keepSteady(
  task: Task,
  { urls, perSecond, seconds }: Extract<ClientRequest, { kind: "steady" }>,
): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  const all = Array.from({ length: perSecond * seconds }, async (_, index) => {
    const due = task.begin + (index * 1000) / perSecond;
    await pause(due - performance.now());
    count(task, await ask(urls[index % urls.length] ?? "", agent));
    task.latencies.push(performance.now() - due);
  });
  await Promise.all(all);
}

async function saturate(
  task: Task,
  { templates, widths: [from, to], connections }: Extract<ClientRequest, { kind: "saturate" }>,
): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  let next = 0;
  const lane = async (): Promise<void> => {
    while (!isOver(task)) {
      const index = next++;
      const width = from + (Math.floor(index / templates.length) % (to - from));
      const template = templates[index % templates.length] ?? "";
      const status = await ask(template.replace("{width}", String(width)), agent);
      if (isOver(task)) return;
      count(task, status);
      if (status !== "200") await pause(RETRY_MS);
    }
  };
  await Promise.race([
    Promise.all(Array.from({ length: connections }, lane)),
    pause(task.end - task.begin),
  ]);
}

/** The status of an answer, once it is there in full. */
function ask(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const sent = request(url, { agent }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(String(answer.statusCode)));
      answer.on("error", () => resolve("0"));
    });
    sent.on("error", () => resolve("0"));
    sent.end();
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
