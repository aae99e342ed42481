import { createHash } from "node:crypto";
import { Socket } from "node:net";
import type { MediaError } from "../../errors.ts";
import { DEFAULT_IMAGE_LIMITS } from "../input/limits.ts";
import { ENGINE, prepareEngine } from "../sharp/engine.ts";
import type { ImageResult, WorkerMessage } from "../worker.ts";
import { BatchRunner } from "./batch-runner.ts";
import type { Message } from "./messages.ts";
import { createMessageReader, writeMessage } from "./messages.ts";
import type { RequestHeader, ResponseHeader } from "./protocol.ts";
import { CHANNEL_FD } from "./protocol.ts";
import { readOriginalFile } from "./read-file.ts";
import { createReusableBuffer } from "./reusable-buffer.ts";

// The image process: it takes one batch at a time from a pipe, and sends each variant back over it.

const NOTHING = new Uint8Array();

/** Size of the buffer that all reads go to: originals come in fewer pieces, and leave no garbage. */
const PIECE_BYTES = 256 * 1024;

await prepareEngine();
let limits = DEFAULT_IMAGE_LIMITS;
/** It keeps the original of the last batch until the next one comes, because outputs may still be added. */
let batch: BatchRunner | undefined;
const allocate = createReusableBuffer();
const read = createMessageReader(receive, allocate);
const options = {
  fd: CHANNEL_FD,
  readable: true,
  writable: true,
  // Node has this field since version 12, and its types lack it
  onread: {
    buffer: Buffer.alloc(PIECE_BYTES),
    callback: (length: number, buffer: Buffer): boolean => {
      if (!read(buffer.subarray(0, length))) process.exit(1);
      return true;
    },
  },
};
const channel = new Socket(options);
channel.on("close", () => process.exit()); // the service has ended
channel.on("error", () => process.exit(1));

send({ kind: "ready", engine: ENGINE });

function receive({ header, body }: Message): void {
  const request = header as RequestHeader; // only the service writes here
  if (request.kind === "limits") {
    ({ limits } = request);
  } else if (request.kind === "drop") {
    batch?.drop(request.ids);
  } else {
    if (request.kind === "batch") {
      const bytes = request.file ? readOriginalFile(request.file, allocate) : body;
      batch = new BatchRunner({ bytes, limits, onMessage: answer });
    }
    batch?.add(request.outputs);
    void batch?.run();
  }
}

function answer(message: WorkerMessage): void {
  if (message.kind === "ended") sendResult(message.id, message.result);
  else if (message.kind === "failed") sendFailure(message.id, message.error);
  else if (message.kind === "died") send({ kind: "exhausted", detail: message.error.message });
  else send(message);
}

function sendResult(id: number, result: ImageResult): void {
  const rss = process.memoryUsage.rss();
  if (result.kind !== "made") return send({ kind: result.kind, id, rss });
  const { bytes, width, height } = result;
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  send({ kind: "made", id, rss, width, height, sha256 }, bytes);
}

function sendFailure(id: number, { code, message, cause }: MediaError): void {
  const detail = cause instanceof Error ? cause.message.slice(0, 2000) : "";
  send({ kind: "failed", id, rss: process.memoryUsage.rss(), code, message, detail });
}

function send(header: ResponseHeader, body: Uint8Array = NOTHING): void {
  writeMessage(channel, { header, body });
}
