import { createHash } from "node:crypto";
import { Socket } from "node:net";
import type { MediaError } from "../../errors.ts";
import { DEFAULT_IMAGE_LIMITS } from "../input/limits.ts";
import { prepareEngine } from "../sharp/engine.ts";
import type { ImageResult, WorkerMessage } from "../worker.ts";
import { BatchRunner } from "./batch-runner.ts";
import type { Message } from "./messages.ts";
import { MessageReader, writeMessage } from "./messages.ts";
import type { RequestHeader, ResponseHeader } from "./protocol.ts";
import { CHANNEL_FD } from "./protocol.ts";
import { openMemoryGauge } from "./resident-memory.ts";
import { createReusableBuffer } from "./reusable-buffer.ts";

// The image process: it takes one batch at a time from a pipe, and sends each variant back over it. From the moment that
// it is ready it opens no file but one without a name in memory, which some JPEGs need, and no socket.

const NOTHING = new Uint8Array();

/** Size of the buffer for all that is no large original. */
const PIECE_BYTES = 64 * 1024;

await prepareEngine();
let limits = DEFAULT_IMAGE_LIMITS;
/** It keeps the original of the last batch until the next one comes, because outputs may still be added. */
let batch: BatchRunner | undefined;
const reader = new MessageReader(receive, createReusableBuffer());
const piece = Buffer.alloc(PIECE_BYTES);
let space: Buffer | undefined;
const measureMemory = openMemoryGauge();
const options = {
  fd: CHANNEL_FD,
  readable: true,
  writable: true,
  // Node has this field since version 12, and its types lack it
  onread: {
    buffer: (): Buffer => {
      space = reader.space;
      return space ?? piece;
    },
    callback: (length: number): boolean => {
      const isMessage = space ? reader.fill(length) : reader.read(piece.subarray(0, length));
      if (!isMessage) process.exit(1);
      return true;
    },
  },
};
const channel = new Socket(options);
channel.on("close", () => process.exit()); // the service has ended
channel.on("error", () => process.exit(1));

send({ kind: "ready" });

function receive({ header, body }: Message): void {
  const request = header as RequestHeader; // only the service writes here
  if (request.kind === "limits") {
    ({ limits } = request);
  } else if (request.kind === "drop") {
    batch?.drop(request.ids);
  } else {
    if (request.kind === "batch") {
      batch = new BatchRunner({ bytes: body, limits, onMessage: answer });
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
  const rss = measureMemory();
  if (result.kind !== "made") return send({ kind: result.kind, id, rss });
  const { bytes, ...made } = result;
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  send({ ...made, id, rss, sha256 }, bytes);
}

function sendFailure(id: number, { code, message, cause }: MediaError): void {
  const detail = cause instanceof Error ? cause.message.slice(0, 2000) : "";
  send({ kind: "failed", id, rss: measureMemory(), code, message, detail });
}

function send(header: ResponseHeader, body: Uint8Array = NOTHING): void {
  writeMessage(channel, { header, body });
}
