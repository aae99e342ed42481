import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { setPriority, tmpdir } from "node:os";
import { extname } from "node:path";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { MediaError } from "../../errors.ts";
import { withDataLimit } from "./memory-limit.ts";
import type { Frame } from "../child/frames.ts";
import { readFrames, writeFrame } from "../child/frames.ts";
import type { ImageLimits } from "../input/limits.ts";
import type { ChildHeader, ServiceHeader } from "../child/protocol.ts";
import { CHANNEL_FD } from "../child/protocol.ts";
import type { Prospect, RunOptions, Worker, WorkerJob, WorkerResult } from "../worker.ts";
import { WorkerDied } from "../worker.ts";

const MAX_JOBS = 5000;
/** As `nice` counts: lower than that of the service. */
const PRIORITY = 10;
const MAX_RSS_BYTES = 512 * 1024 * 1024;
const START_TIMEOUT_MS = 15_000;
const MAX_STDERR_CHARACTERS = 2000;
const NOTHING: Uint8Array = new Uint8Array();

/**
 * How glibc is to allocate (mallopt(3), and "Memory Allocation Tunables" in its manual); others do not know it. One heap
 * for all threads, which take turns: with more, each keeps what it once had. That is given back only beyond what
 * the next image takes too, and has large pages. Together that saves 2 to 3 % of an image's time.
 */
const ALLOCATION = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_MMAP_THRESHOLD_: String(32 * 1024 * 1024),
  MALLOC_TRIM_THRESHOLD_: String(64 * 1024 * 1024),
  MALLOC_TOP_PAD_: String(16 * 1024 * 1024),
  GLIBC_TUNABLES: "glibc.malloc.hugetlb=1",
} as const;

export interface ChildWorkerOptions {
  readonly limits: ImageLimits;
  /** Arguments for Node before the name of the script. */
  readonly execArgv?: readonly string[];
}

interface Child {
  readonly process: ChildProcess;
  readonly channel: Duplex;
  readonly limits: ImageLimits;
  /** Whoever waits for the next frame. */
  waiting: { resolve(frame: Frame): void; reject(error: unknown): void } | undefined;
  /** Called when the job is one that takes long. */
  onSlow: RunOptions["onSlow"] | undefined;
  /** The original that it has of its last job, for the next. */
  kept: Uint8Array | undefined;
  stderr: string;
  jobs: number;
  rss: number;
  /** It has ended, or is about to. */
  isDead: boolean;
  /** It was this service that ended it. */
  isStopped: boolean;
}

/**
 * Starts a child process that runs sharp, and waits until it is ready. It has no credentials, and a
 * bound on its memory where the system knows one. A job that is aborted takes the child with it: nothing
 * else stops a decoder.
 */
export async function startChildWorker(options: ChildWorkerOptions): Promise<Worker> {
  const child = await spawnChild(options);
  const timer = setTimeout(() => kill(child), START_TIMEOUT_MS);
  try {
    const { header } = await nextFrame(child);
    return toWorker(child, header as ChildHeader); // the child is the only one to write here
  } finally {
    clearTimeout(timer);
  }
}

function toWorker(child: Child, header: ChildHeader): Worker {
  if (header.kind !== "ready") throw new WorkerDied("the image process answered out of turn");
  return {
    engine: header.engine,
    run: (job, jobOptions) => run(child, job, jobOptions),
    release: () => {
      child.kept = undefined;
      write(child, { kind: "release" });
    },
    isFit: () => !child.isDead && child.jobs < MAX_JOBS && child.rss < MAX_RSS_BYTES,
    stop: () => kill(child),
  };
}

async function spawnChild({ limits, execArgv = [] }: ChildWorkerOptions): Promise<Child> {
  // compiled or not, the child is the file beside this one
  const script = fileURLToPath(
    new URL(`../child/main${extname(import.meta.url)}`, import.meta.url),
  );
  const env = childEnvironment();
  const command = [process.execPath, ...execArgv, "--expose-gc", script];
  const [file = "", ...args] = await withDataLimit(command, env);
  const childProcess = spawn(file, args, { stdio: ["ignore", "ignore", "pipe", "pipe"], env });
  lowerPriority(childProcess.pid);
  // without free descriptors there is an error, and no pipe
  childProcess.on("error", () => {});
  const pipes = childProcess.stdio as ChildProcess["stdio"] | undefined;
  const channel = pipes?.[CHANNEL_FD] as Duplex | undefined; // "pipe" goes in both directions
  if (!channel) throw new WorkerDied("the image process could not be started");
  const child: Child = {
    process: childProcess,
    channel,
    limits,
    waiting: undefined,
    onSlow: undefined,
    kept: undefined,
    stderr: "",
    jobs: 0,
    rss: 0,
    isDead: false,
    isStopped: false,
  };
  listen(child);
  return child;
}

/** Pixels can wait for a moment; what answers hits cannot. */
function lowerPriority(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, PRIORITY);
  } catch {
    // it has ended already, or the system has no such thing
  }
}

function childEnvironment(): Record<string, string> {
  return {
    ...ALLOCATION,
    TMPDIR: tmpdir(),
    VIPS_BLOCK_UNTRUSTED: "1",
    VIPS_WARNING: "0",
  };
}

function listen(child: Child): void {
  readFrames(child.channel, (frame) => receive(child, frame));
  child.process.stderr?.on("data", (chunk: Buffer) => {
    child.stderr = (child.stderr + chunk.toString()).slice(-MAX_STDERR_CHARACTERS);
  });
  const die = (reason: unknown): void => {
    // decoders crash by other signals: this one comes from an operator, or a system short of memory
    const isKilled = reason === "SIGKILL" && !child.isStopped;
    child.isDead = true;
    const problem = `the image process ended (${String(reason)}): ${child.stderr.trim()}`;
    settle(child)?.reject(new WorkerDied(problem, { isKilled }));
  };
  child.process.on("error", die);
  child.process.on("exit", (code, signal) => die(signal ?? code));
  child.channel.on("error", (error: NodeJS.ErrnoException) => {
    // a write to a child that has just ended, whose exit tells the rest, or else what is no frame
    child.isStopped ||= error.code !== "EPIPE" && error.code !== "ECONNRESET";
    child.isDead = true;
    child.process.kill("SIGKILL");
  });
}

/** Frames that arrive together are read one right after the other: nobody could wait for each. */
function receive(child: Child, frame: Frame): void {
  const header = frame.header as ChildHeader; // the child is the only one to write here
  if (header.kind === "slow") child.onSlow?.(header.what);
  else settle(child)?.resolve(frame);
}

function settle(child: Child): Child["waiting"] {
  const { waiting } = child;
  child.waiting = undefined;
  return waiting;
}

function nextFrame(child: Child): Promise<Frame> {
  return new Promise((resolve, reject) => {
    child.waiting = { resolve, reject };
  });
}

async function run(
  child: Child,
  job: WorkerJob,
  { signal, follow, isTwinned, onSlow }: RunOptions,
): Promise<WorkerResult> {
  // no fault of this job, which has not begun
  if (child.isDead) throw new WorkerDied("the image process had ended", { isKilled: true });
  signal.throwIfAborted();
  const abort = (): void => {
    kill(child);
    settle(child)?.reject(signal.reason);
  };
  signal.addEventListener("abort", abort, { once: true });
  try {
    child.onSlow = onSlow;
    const answer = nextFrame(child);
    hand(child, job, { follow, isTwinned });
    return toResult(child, await answer);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function hand(child: Child, { bytes, ...job }: WorkerJob, prospect: Prospect): void {
  const { spec, format, skipIfSlow, file } = job;
  const isKept = child.kept === bytes;
  child.kept = prospect.follow === "nothing" ? undefined : bytes;
  const asked = { kind: "job", spec, format, skipIfSlow, file, isKept, ...prospect } as const;
  write(child, { ...asked, limits: child.limits }, isKept || file ? NOTHING : bytes);
}

function write({ channel }: Child, header: ServiceHeader, body = NOTHING): void {
  writeFrame(channel, { header, body });
}

function toResult(child: Child, frame: Frame): WorkerResult {
  const header = frame.header as ChildHeader; // the child is the only one to write here
  child.jobs += 1;
  if (header.kind === "ready" || header.kind === "slow") {
    throw new WorkerDied("the image process answered out of turn");
  }
  if (header.kind === "exhausted") {
    kill(child);
    throw new WorkerDied(header.detail);
  }
  child.rss = header.rss;
  if (header.kind === "done") {
    const { width, height, sha256 } = header;
    return { kind: "made", bytes: frame.body, width, height, sha256 };
  }
  if (header.kind === "too_slow" || header.kind === "moved") return { kind: header.kind };
  const { code, message, detail } = header;
  throw new MediaError(code, message, detail === "" ? undefined : { cause: detail });
}

function kill(child: Child): void {
  child.isDead = true;
  child.isStopped = true;
  child.process.kill("SIGKILL");
}
