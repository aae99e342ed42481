import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readdirSync } from "node:fs";
import { setPriority, tmpdir } from "node:os";
import { extname } from "node:path";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { MediaError } from "../../errors.ts";
import { withDataLimit } from "./memory-limit.ts";
import type { Message } from "../child/messages.ts";
import { readMessages, writeMessage } from "../child/messages.ts";
import type { RequestHeader, ResponseHeader } from "../child/protocol.ts";
import { CHANNEL_FD } from "../child/protocol.ts";
import type { ImageLimits } from "../input/limits.ts";
import type { Batch, BatchOutput, ImageWorker, WorkerMessage } from "../worker.ts";
import { WorkerDied } from "../worker.ts";

const MAX_ANSWERS = 5000;
/** A niceness (nice(1)) for processes that are ready: the service comes first. */
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

/** A process, and the pipe to it. */
interface Child {
  readonly process: ChildProcess;
  readonly channel: Duplex;
}

/**
 * Starts a child process that runs sharp, and waits until it is ready. It has no credentials, and a limit of memory where
 * the system has one.
 */
export async function startChildWorker(options: ChildWorkerOptions): Promise<ImageWorker> {
  const worker = new ChildWorker(await spawnChild(options), options.limits);
  const timer = setTimeout(() => worker.stop(), START_TIMEOUT_MS);
  try {
    await worker.ready;
    return worker;
  } finally {
    clearTimeout(timer);
  }
}

/** An image process. Ending it is the only way to stop a decoder. */
class ChildWorker implements ImageWorker {
  /** @throws WorkerDied when the process ends before it is ready */
  readonly ready: Promise<void>;
  readonly #child: Child;
  /** Called with what the process says before it is ready, and of its batch afterwards. */
  #onMessage: (message: WorkerMessage | Ready) => void = () => {};
  #stderr = "";
  #answers = 0;
  #rss = 0;
  /** It has ended, or is about to. */
  #isDead = false;
  /** This service ended it. */
  #isStopped = false;

  constructor(child: Child, limits: ImageLimits) {
    this.#child = child;
    this.#listen();
    this.#write({ kind: "limits", limits });
    this.ready = new Promise((resolve, reject) => {
      this.#onMessage = (message) => {
        if (message.kind === "died") reject(message.error);
        if (message.kind !== "ready") return;
        lowerPriority(child.process.pid);
        resolve();
      };
    });
  }

  begin(batch: Batch, onMessage: (message: WorkerMessage) => void): void {
    if (this.#isDead) {
      // no output is at fault, since none has begun
      const error = new WorkerDied("the image process had ended", { isKilled: true });
      queueMicrotask(() => onMessage({ kind: "died", error }));
      return;
    }
    this.#onMessage = (message) => {
      if (message.kind !== "ready") onMessage(message);
    };
    const { bytes, outputs } = batch;
    this.#write({ kind: "batch", outputs }, bytes);
  }

  add(outputs: readonly BatchOutput[]): void {
    this.#write({ kind: "add", outputs });
  }

  drop(ids: readonly number[]): void {
    this.#write({ kind: "drop", ids });
  }

  isFit(): boolean {
    return !this.#isDead && this.#answers < MAX_ANSWERS && this.#rss < MAX_RSS_BYTES;
  }

  stop(): void {
    this.#isDead = true;
    this.#isStopped = true;
    this.#child.process.kill("SIGKILL");
  }

  #write(header: RequestHeader, body: Uint8Array = NOTHING): void {
    if (!this.#isDead) writeMessage(this.#child.channel, { header, body });
  }

  #listen(): void {
    const { process, channel } = this.#child;
    readMessages(channel, (message) => this.#receive(message));
    process.stderr?.on("data", (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-MAX_STDERR_CHARACTERS);
    });
    process.on("error", (error) => this.#die(error));
    process.on("exit", (code, signal) => this.#die(signal ?? code));
    channel.on("error", (error: NodeJS.ErrnoException) => {
      // the child has just ended, and its exit will tell the rest; any other error is garbage from it
      this.#isStopped ||= error.code !== "EPIPE" && error.code !== "ECONNRESET";
      this.#isDead = true;
      process.kill("SIGKILL");
    });
  }

  #die(reason: unknown): void {
    this.#isDead = true;
    // a decoder crashes by other signals: this one comes from an operator, or a system short of memory
    const isKilled = reason === "SIGKILL" && !this.#isStopped;
    const problem = `the image process ended (${String(reason)}): ${this.#stderr.trim()}`;
    this.#onMessage({ kind: "died", error: new WorkerDied(problem, { isKilled }) });
  }

  #receive({ header, body }: Message): void {
    const response = header as ResponseHeader; // only the child writes here
    if ("rss" in response) {
      this.#rss = response.rss;
      this.#answers += 1;
    }
    if (response.kind === "exhausted") this.stop();
    this.#onMessage(toMessage(response, body));
  }
}

type Ready = Extract<ResponseHeader, { kind: "ready" }>;

function toMessage(response: ResponseHeader, body: Uint8Array): WorkerMessage | Ready {
  if (response.kind === "exhausted") {
    return { kind: "died", error: new WorkerDied(response.detail) };
  }
  if (!("rss" in response)) return response;
  const { id } = response;
  if (response.kind === "failed") {
    const { code, message, detail } = response;
    const options = detail === "" ? undefined : { cause: detail };
    return { kind: "failed", id, error: new MediaError(code, message, options) };
  }
  if (response.kind !== "made") return { kind: "ended", id, result: { kind: response.kind } };
  const { width, height, isFirstFrame, isTruncated, sha256 } = response;
  const facts = { width, height, isFirstFrame, isTruncated, sha256 };
  return { kind: "ended", id, result: { kind: "made", bytes: body, ...facts } };
}

async function spawnChild({ execArgv = [] }: ChildWorkerOptions): Promise<Child> {
  // compiled or not, the child is the file beside this one
  const script = fileURLToPath(
    new URL(`../child/main${extname(import.meta.url)}`, import.meta.url),
  );
  const env = childEnvironment();
  const command = [process.execPath, ...execArgv, "--expose-gc", script];
  const [file = "", ...args] = await withDataLimit(command, env);
  const childProcess = spawn(file, args, { stdio: ["ignore", "ignore", "pipe", "pipe"], env });
  // without free descriptors there is an error, and no pipe
  childProcess.on("error", () => {});
  const pipes = childProcess.stdio as ChildProcess["stdio"] | undefined;
  const channel = pipes?.[CHANNEL_FD] as Duplex | undefined; // a "pipe" goes in both directions
  if (!channel) throw new WorkerDied("the image process could not be started");
  return { process: childProcess, channel };
}

/**
 * Images can wait for a moment; answers from the cache cannot. The start of a process is short, and no image is made
 * before: at a low priority it would take many seconds beside a busy service.
 */
function lowerPriority(pid: number | undefined): void {
  for (const thread of listThreads(pid)) {
    try {
      setPriority(thread, PRIORITY);
    } catch {
      // it has ended already, or the system has no priorities
    }
  }
}

/** Linux has a priority for each thread, which those that it starts later take over. Other systems have one for all. */
function listThreads(pid: number | undefined): readonly number[] {
  if (pid === undefined) return [];
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [pid];
  }
}

function childEnvironment(): Record<string, string> {
  return {
    ...ALLOCATION,
    TMPDIR: tmpdir(),
    TZ: "UTC0", // without it the first time of day is read from a file
    VIPS_BLOCK_UNTRUSTED: "1",
    VIPS_WARNING: "0",
  };
}
