import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { setPriority, tmpdir } from "node:os";
import { extname } from "node:path";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { MediaError } from "../../errors.ts";
import { withDataLimit } from "./memory-limit.ts";
import type { Message } from "../child/messages.ts";
import { readMessages, writeMessage } from "../child/messages.ts";
import type { ImageLimits } from "../input/limits.ts";
import type { ResponseHeader, RequestHeader } from "../child/protocol.ts";
import { CHANNEL_FD } from "../child/protocol.ts";
import type { Handover, RunOptions, ImageWorker, WorkerJob, WorkerResult } from "../worker.ts";
import { WorkerDied } from "../worker.ts";

const MAX_JOBS = 5000;
/** A niceness (nice(1)): the service comes first. */
const PRIORITY = 10;
const MAX_RSS_BYTES = 512 * 1024 * 1024;
const START_TIMEOUT_MS = 15_000;
const MAX_STDERR_CHARACTERS = 2000;
const NOTHING: Uint8Array = new Uint8Array();

/**
 * Settings for the allocator of glibc (mallopt(3), and "Memory Allocation Tunables" in its manual); other C libraries
 * ignore them. All threads take turns on one heap, since each keeps the heap that it once had. The heap has large pages,
 * and gives memory back only beyond what the next image needs as well. Together that saves 2 to 3 % of an image's time.
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
  /** The caller that waits for the next message. */
  waiting: { resolve(message: Message): void; reject(error: unknown): void } | undefined;
  /** Called when the variant is slow to make. */
  onSlow: RunOptions["onSlow"] | undefined;
  /** The original of its last job that it keeps for the next. */
  cached: Uint8Array | undefined;
  stderr: string;
  jobs: number;
  rss: number;
  /** It has ended, or is about to. */
  isDead: boolean;
  /** This service ended it. */
  isStopped: boolean;
}

/**
 * Starts a child process that runs sharp, and waits until it is ready. It has no credentials, and a limit of memory where
 * the system has one. A job that is aborted ends the process: nothing else stops a decoder.
 */
export async function startChildWorker(options: ChildWorkerOptions): Promise<ImageWorker> {
  const child = await spawnChild(options);
  const timer = setTimeout(() => kill(child), START_TIMEOUT_MS);
  try {
    const { header } = await waitForMessage(child);
    return toImageWorker(child, header as ResponseHeader); // only the child writes here
  } finally {
    clearTimeout(timer);
  }
}

function toImageWorker(child: Child, header: ResponseHeader): ImageWorker {
  if (header.kind !== "ready") throw new WorkerDied("the image process sent an unexpected message");
  return {
    engine: header.engine,
    run: (job, jobOptions) => run(child, job, jobOptions),
    forget: () => {
      child.cached = undefined;
      write(child, { kind: "forget" });
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
  const channel = pipes?.[CHANNEL_FD] as Duplex | undefined; // a "pipe" goes in both directions
  if (!channel) throw new WorkerDied("the image process could not be started");
  const child: Child = {
    process: childProcess,
    channel,
    limits,
    waiting: undefined,
    onSlow: undefined,
    cached: undefined,
    stderr: "",
    jobs: 0,
    rss: 0,
    isDead: false,
    isStopped: false,
  };
  listen(child);
  return child;
}

/** Images can wait for a moment; answers from the cache cannot. */
function lowerPriority(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, PRIORITY);
  } catch {
    // it has ended already, or the system has no priorities
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
  readMessages(child.channel, (message) => receive(child, message));
  child.process.stderr?.on("data", (chunk: Buffer) => {
    child.stderr = (child.stderr + chunk.toString()).slice(-MAX_STDERR_CHARACTERS);
  });
  const die = (reason: unknown): void => {
    // a decoder crashes by other signals: this one comes from an operator, or a system short of memory
    const isKilled = reason === "SIGKILL" && !child.isStopped;
    child.isDead = true;
    const problem = `the image process ended (${String(reason)}): ${child.stderr.trim()}`;
    takeWaiting(child)?.reject(new WorkerDied(problem, { isKilled }));
  };
  child.process.on("error", die);
  child.process.on("exit", (code, signal) => die(signal ?? code));
  child.channel.on("error", (error: NodeJS.ErrnoException) => {
    // the child has just ended, and its exit will tell the rest; any other error is garbage from it
    child.isStopped ||= error.code !== "EPIPE" && error.code !== "ECONNRESET";
    child.isDead = true;
    child.process.kill("SIGKILL");
  });
}

/** Messages may arrive together, while the caller waits for one: a slow notice and a result. */
function receive(child: Child, message: Message): void {
  const header = message.header as ResponseHeader; // only the child writes here
  if (header.kind === "slow") child.onSlow?.(header.what);
  else takeWaiting(child)?.resolve(message);
}

function takeWaiting(child: Child): Child["waiting"] {
  const { waiting } = child;
  child.waiting = undefined;
  return waiting;
}

function waitForMessage(child: Child): Promise<Message> {
  return new Promise((resolve, reject) => {
    child.waiting = { resolve, reject };
  });
}

async function run(
  child: Child,
  job: WorkerJob,
  { signal, next, sharesImage, onSlow }: RunOptions,
): Promise<WorkerResult> {
  // the job is not at fault, since it has not begun
  if (child.isDead) throw new WorkerDied("the image process had ended", { isKilled: true });
  signal.throwIfAborted();
  const abort = (): void => {
    kill(child);
    takeWaiting(child)?.reject(signal.reason);
  };
  signal.addEventListener("abort", abort, { once: true });
  try {
    child.onSlow = onSlow;
    const answer = waitForMessage(child);
    sendJob(child, job, { next, sharesImage });
    return toResult(child, await answer);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function sendJob(child: Child, { bytes, ...job }: WorkerJob, handover: Handover): void {
  const { spec, format, skipIfSlow, file } = job;
  const isCached = child.cached === bytes;
  child.cached = handover.next === "nothing" ? undefined : bytes;
  const request = { kind: "job", spec, format, skipIfSlow, file, isCached, ...handover } as const;
  write(child, { ...request, limits: child.limits }, isCached || file ? NOTHING : bytes);
}

function write({ channel }: Child, header: RequestHeader, body = NOTHING): void {
  writeMessage(channel, { header, body });
}

function toResult(child: Child, { body, ...answer }: Message): WorkerResult {
  const header = answer.header as ResponseHeader; // only the child writes here
  child.jobs += 1;
  if (header.kind === "ready" || header.kind === "slow") {
    throw new WorkerDied("the image process sent an unexpected message");
  }
  if (header.kind === "exhausted") {
    kill(child);
    throw new WorkerDied(header.detail);
  }
  child.rss = header.rss;
  if (header.kind === "done") {
    const { width, height, sha256 } = header;
    return { kind: "made", bytes: body, width, height, sha256 };
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
