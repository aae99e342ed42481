import type { ChildProcess } from "node:child_process";
import { execFileSync, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { userInfo } from "node:os";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPort } from "../service/ports.ts";
import { until } from "../service/server.ts";

const CONFIGURATION = new URL("../../../deploy/nginx/shift-media.conf", import.meta.url);

export function hasNginx(): boolean {
  try {
    execFileSync("nginx", ["-v"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** An nginx with the configuration that is shipped, but for its address, its folders and its upstream. */
export interface Nginx {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startNginx(upstreamPort: number): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), "shift-media-nginx-"));
  const port = await findPort();
  await mkdir(join(folder, "cache"));
  const shipped = await readFile(CONFIGURATION, "utf8");
  const changes = [
    ["server 127.0.0.1:3000;", `server 127.0.0.1:${upstreamPort};`],
    ["listen 80;", `listen 127.0.0.1:${port};`],
    ["listen [::]:80;", ""],
    ["/var/cache/nginx/shift-media", join(folder, "cache")],
  ] as const;
  const site = changes.reduce((text, [from, to]) => replaceOnce(text, from, to), shipped);
  await writeFile(join(folder, "site.conf"), site);
  await writeFile(join(folder, "nginx.conf"), mainConfiguration(folder));
  const nginx = spawn("nginx", ["-p", folder, "-c", "nginx.conf", "-e", "stderr"]);
  const errors = collect(nginx);
  try {
    const url = `http://127.0.0.1:${port}`;
    await until(async () => {
      if (nginx.exitCode !== null) throw new Error(`nginx has ended: ${errors()}`);
      return fetch(`${url}/-/`).then(
        () => true,
        () => false,
      );
    });
    return { url, stop: () => stop(nginx, folder) };
  } catch (error) {
    await stop(nginx, folder);
    throw error;
  }
}

/** The least that the main configuration of a system has. */
function mainConfiguration(folder: string): string {
  const isRoot = userInfo().uid === 0;
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `${isRoot ? "user root;" : ""}
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr warn;
events {}
http {
    access_log off;
    ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join("\n    ")}
    include site.conf;
}
`;
}

function replaceOnce(text: string, from: string, to: string): string {
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`"${from}" is there ${parts.length - 1} times, not once`);
  return parts.join(to);
}

function collect({ stderr }: ChildProcess): () => string {
  let text = "";
  stderr?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

async function stop(nginx: ChildProcess, folder: string): Promise<void> {
  if (nginx.exitCode === null) {
    const end = new Promise((resolve) => nginx.once("exit", resolve));
    nginx.kill("SIGTERM");
    await end;
  }
  await rm(folder, { recursive: true, force: true });
}

/** Passes requests on, and takes note of each. */
export interface Recorder {
  readonly port: number;
  /** Each target, byte for byte, with its headers. */
  readonly seen: { readonly target: string; readonly headers: IncomingHttpHeaders }[];
  /** Refuses connections from then on. */
  stop(): Promise<void>;
}

export async function startRecorder(url: string): Promise<Recorder> {
  const seen: Recorder["seen"] = [];
  const { port } = new URL(url);
  const server = createServer((incoming, outgoing) => {
    const { url: path = "", method, headers } = incoming;
    seen.push({ target: path, headers });
    const options = { host: "127.0.0.1", port, path, method, headers };
    const passed = httpRequest(options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(outgoing);
    });
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port, // it listens on a port
    seen,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
