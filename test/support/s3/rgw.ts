import { execFile, execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { S3Client } from "@aws-sdk/client-s3";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { createS3Client } from "../../../src/store/s3/client.ts";
import { findPort } from "../service/ports.ts";
import type { S3Server } from "./server.ts";

/** A Ceph object gateway of our own on loopback: it has the policies and websites of AWS. */
export interface Rgw {
  /** For path-style requests; also where anybody may read what a bucket policy makes public. */
  readonly endpoint: string;
  readonly region: string;
  /** Of a user who owns all buckets. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** The owner's; it ends with the gateway. */
  readonly client: S3Client;
  readonly port: number;
  /** The `Host` under which the same port is the website of a bucket. */
  websiteHost(bucket: string): string;
  createBucket(name: string): Promise<void>;
  /** Makes a user beside the owner, who may do nothing but what policies allow. */
  createUser(name: string): Promise<Rgw["credentials"]>;
  stop(): Promise<void>;
}

const REGION = "us-east-1";
const DEADLINE_MS = 60_000;

export function hasRgw(): boolean {
  try {
    for (const name of ["radosgw", "ceph-mon", "ceph-osd"]) execFileSync(name, ["--version"]);
    return true;
  } catch {
    return false;
  }
}

/** Starts an empty one within a second or two; nothing of it outlives `stop`. */
export async function startRgw(): Promise<Rgw> {
  const folder = await mkdtemp(join(tmpdir(), "shift-media-rgw-"));
  const [port, monitorPort] = await Promise.all([findPort(), findPort()]); // never the same one
  const stop = (): Promise<void> => end(folder);
  try {
    await startDaemons(folder, { port, monitorPort });
    const endpoint = `http://127.0.0.1:${port}`;
    await answering(endpoint);
    const createUser = (name: string): Promise<Rgw["credentials"]> => makeUser(folder, name);
    const credentials = await createUser("owner");
    const client = createS3Client({ forcePathStyle: true, endpoint, region: REGION, credentials });
    return {
      endpoint,
      region: REGION,
      credentials,
      client,
      port,
      websiteHost: (bucket) => `${bucket}.s3-website.localhost:${port}`,
      createBucket: async (Bucket) => {
        await client.send(new CreateBucketCommand({ Bucket }));
      },
      createUser,
      stop: () => {
        client.destroy();
        return stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The same with two empty buckets, as the simulator of R2 starts. */
export async function startRgwBuckets(): Promise<S3Server> {
  const rgw = await startRgw();
  const buckets = { originalsBucket: "originals", variantsBucket: "variants" };
  for (const name of Object.values(buckets)) await rgw.createBucket(name);
  return { ...rgw, publicUrl: rgw.endpoint, ...buckets };
}

interface Ports {
  readonly port: number;
  readonly monitorPort: number;
}

/** One monitor, one store in memory, one gateway; the intervals of the defaults take twelve seconds. */
function configure(folder: string, { port, monitorPort }: Ports, fsid: string): string {
  return `[global]
fsid = ${fsid}
mon_host = v1:127.0.0.1:${monitorPort}
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
auth_allow_insecure_global_id_reclaim = true
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
paxos_propose_interval = 0.01
paxos_min_wait = 0.01
run_dir = ${folder}/run
admin_socket = ${folder}/run/$name.asok
log_file = ${folder}/log/$name.log
pid_file = ${folder}/run/$name.pid
[mon.a]
mon_data = ${folder}/mon
[osd.0]
osd_data = ${folder}/osd
osd_objectstore = memstore
memstore_device_bytes = 1073741824
osd_class_update_on_start = false
osd_crush_update_on_start = false
[client.rgw.a]
rgw_frontends = beast endpoint=127.0.0.1:${port} tcp_nodelay=1
rgw_data = ${folder}/rgw
rgw_dns_name = localhost
rgw_enable_static_website = true
rgw_enable_apis = s3, s3website, admin
rgw_dns_s3website_name = s3-website.localhost
`;
}

async function startDaemons(folder: string, ports: Ports): Promise<void> {
  const fsid = randomUUID();
  const osd = randomUUID();
  for (const name of ["mon", "osd", "log", "run", "rgw"]) await mkdir(join(folder, name));
  await writeFile(join(folder, "ceph.conf"), configure(folder, ports, fsid));
  const map = join(folder, "monmap");
  const address = `[v1:127.0.0.1:${ports.monitorPort}]`;
  await run(folder, ["monmaptool", "--create", "--fsid", fsid, "--addv", "a", address, map]);
  await run(folder, ["ceph-mon", "--mkfs", "-i", "a", "--monmap", map]);
  await run(folder, ["ceph-mon", "-i", "a"]);
  await patiently(() => run(folder, ["ceph", "osd", "new", osd]));
  const place = "osd crush add osd.0 1.0 root=default host=localhost".split(" ");
  await patiently(() => run(folder, ["ceph", ...place]));
  await run(folder, ["ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd]);
  await run(folder, ["ceph-osd", "-i", "0"]);
  await run(folder, ["radosgw", "-n", "client.rgw.a"]);
}

/** A monitor that has just started on a busy machine knows no commands yet (EPERM). */
async function patiently(ask: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await ask();
      return;
    } catch (error) {
      if (attempt === 8) throw error;
      await sleep(300 * attempt);
    }
  }
}

async function run(folder: string, [command = "", ...args]: readonly string[]): Promise<string> {
  const env = { ...process.env, CEPH_CONF: join(folder, "ceph.conf") };
  return new Promise((resolve, reject) => {
    // a process in the background keeps its standard output open: only its end counts
    const child = spawn(command, args, { env, stdio: ["ignore", "ignore", "pipe"] });
    let problem = "";
    child.stderr.on("data", (chunk: Buffer) => (problem += chunk.toString()));
    child.on("error", reject);
    child.on("exit", (code) => {
      child.stderr.destroy();
      if (code === 0) resolve(problem);
      else reject(new Error(`${command} ended with ${code}: ${problem}`));
    });
  });
}

async function answering(endpoint: string): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const response = await fetch(endpoint).catch(() => undefined);
    if (response?.ok) return;
    if (Date.now() > deadline) throw new Error("the gateway has not started");
    await sleep(50);
  }
}

async function makeUser(folder: string, name: string): Promise<Rgw["credentials"]> {
  const accessKeyId = `${name}-key`;
  const secretAccessKey = `${name}-secret-${randomUUID()}`;
  await promisify(execFile)(
    "radosgw-admin",
    [
      "user",
      "create",
      `--uid=${name}`,
      `--display-name=${name}`,
      `--access-key=${accessKeyId}`,
      `--secret=${secretAccessKey}`,
    ],
    { env: { ...process.env, CEPH_CONF: join(folder, "ceph.conf") } },
  );
  return { accessKeyId, secretAccessKey };
}

async function end(folder: string): Promise<void> {
  const files = await readdir(join(folder, "run")).catch(() => []);
  for (const name of files.filter((file) => file.endsWith(".pid"))) {
    const pid = Number(await readFile(join(folder, "run", name), "utf8"));
    try {
      if (pid > 0) process.kill(pid, "SIGKILL");
    } catch {
      // it has ended by itself
    }
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
