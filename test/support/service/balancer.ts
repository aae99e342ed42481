import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { Agent, createServer, request as requestUpstream } from "node:http";
import type { AddressInfo } from "node:net";

/** Short enough for a service that goes on for a moment after it has said that it is not ready. */
const HEALTH_INTERVAL_MS = 300;

/** A request that has no whole answer, or one that says that the service could not. */
interface Failure {
  readonly path: string;
  /** Absent where nobody was there to be asked. */
  readonly backend: string | undefined;
  readonly reason: string;
}

/** A load balancer with what they all have, and nothing that would hide a failure: it retries nothing. */
export interface Balancer {
  readonly url: string;
  /** All failures so far. */
  readonly failures: readonly Failure[];
  /** Has requests sent there in turn, for as long as it says that it is ready. */
  add(name: string, url: string): void;
  /** Those that are sent to by now. */
  ready(): readonly string[];
  inFlight(name: string): number;
  /** How many requests were under way there at the first sign that it has gone. */
  lost(name: string): number;
  /** How many requests have been answered, by all or by one. */
  answered(name?: string): number;
  stop(): Promise<void>;
}

interface Backend {
  readonly name: string;
  readonly url: URL;
  /** Connections are kept, and are no other backend's. */
  readonly agent: Agent;
  inFlight: number;
  isReady: boolean;
  /** Fails all that was under way when a connection broke; nothing is sent there any more. */
  lost?: number;
  answered: number;
}

export async function startBalancer(): Promise<Balancer> {
  const backends: Backend[] = [];
  const failures: Failure[] = [];
  let turn = 0;
  const server = createServer((request, response) => {
    const ready = backends.filter(({ isReady }) => isReady);
    turn += 1;
    forward({ request, response, failures }, ready[turn % ready.length]);
  });
  const timer = setInterval(() => backends.forEach(checkHealth), HEALTH_INTERVAL_MS);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const find = (name: string): readonly Backend[] =>
    backends.filter((backend) => backend.name === name);
  return {
    url: `http://127.0.0.1:${port}`,
    failures,
    add: (name, url) => {
      const agent = new Agent({ keepAlive: true });
      const state = { inFlight: 0, isReady: false, answered: 0 };
      backends.push({ name, url: new URL(url), agent, ...state });
    },
    ready: () => backends.filter(({ isReady }) => isReady).map(({ name }) => name),
    inFlight: (name) => find(name).reduce((total, { inFlight }) => total + inFlight, 0),
    lost: (name) => find(name).reduce((total, { lost = 0 }) => total + lost, 0),
    answered: (name) =>
      (name === undefined ? backends : find(name)).reduce((sum, { answered }) => sum + answered, 0),
    stop: () => stop(server, timer, backends),
  };
}

async function stop(server: Server, timer: NodeJS.Timeout, all: readonly Backend[]): Promise<void> {
  clearInterval(timer);
  for (const { agent } of all) agent.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** On a connection of its own, as the answer says how the service is and not how this connection is. */
function checkHealth(backend: Backend): void {
  const { url } = backend;
  const asked = requestUpstream(
    new URL("/readyz", url),
    { agent: false, timeout: 2000 },
    (answer) => {
      answer.resume();
      backend.isReady = answer.statusCode === 200 && backend.lost === undefined;
    },
  );
  asked.on("timeout", () => asked.destroy());
  asked.on("error", () => {
    backend.isReady = false;
  });
  asked.end();
}

interface Forwarded {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly failures: Failure[];
}

function forward(forwarded: Forwarded, backend: Backend | undefined): void {
  const { request, response, failures } = forwarded;
  const { url: path = "", method, headers } = request;
  if (!backend) {
    failures.push({ path, backend, reason: "nobody is ready" });
    response.writeHead(502).end();
    return;
  }
  backend.inFlight += 1;
  let isOver = false;
  const end = (reason?: string): void => {
    if (isOver) return;
    isOver = true;
    backend.inFlight -= 1;
    if (reason === undefined) backend.answered += 1;
    else failures.push({ path, backend: backend.name, reason });
  };
  const breakOff = (error: Error): void => {
    backend.isReady = false;
    backend.lost ??= backend.inFlight;
    end(error.message);
    response.destroy();
  };
  const { agent, url } = backend;
  const target = { host: url.hostname, port: url.port, path, method, headers, agent };
  const asked = requestUpstream(target, (answer) => {
    const { statusCode = 502 } = answer;
    response.writeHead(statusCode, relayed(answer));
    answer.on("error", breakOff);
    answer.on("end", () => end(statusCode >= 500 ? `it answered ${statusCode}` : undefined));
    answer.pipe(response);
  });
  asked.on("error", breakOff);
  asked.end();
}

/** Headers about one connection do not hold for the other. */
function relayed({ headers }: IncomingMessage): IncomingMessage["headers"] {
  const { connection: _, "keep-alive": __, ...rest } = headers;
  return rest;
}
