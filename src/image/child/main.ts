import { createHash } from "node:crypto";
import { Socket } from "node:net";
import { MediaError } from "../../errors.ts";
import { JobCache } from "./job-cache.ts";
import { ENGINE, prepareEngine } from "../sharp/engine.ts";
import type { Message } from "./messages.ts";
import { createMessageReader, writeMessage } from "./messages.ts";
import { readOriginalFile } from "./read-file.ts";
import { OutOfMemory } from "../pipeline/pipeline.ts";
import type { ResponseHeader, RequestHeader } from "./protocol.ts";
import { CHANNEL_FD } from "./protocol.ts";
import { createReusableBuffer } from "./reusable-buffer.ts";

// The image process: it takes one job at a time from a pipe, and sends the variant back over it.

const NOTHING = new Uint8Array();

/** Size of the buffer that all reads go to: originals come in fewer pieces, and leave no garbage. */
const PIECE_BYTES = 256 * 1024;

await prepareEngine();
const cache = new JobCache();
const allocate = createReusableBuffer();
const read = createMessageReader((message) => void answer(message), allocate);
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

send({ kind: "ready", engine: ENGINE }, NOTHING);

async function answer({ header, body }: Message): Promise<void> {
  const request = header as RequestHeader; // only the service writes here
  if (request.kind === "forget") {
    cache.clear();
    return;
  }
  const { limits, next, sharesImage, isCached, file, ...job } = request;
  const cached = isCached ? cache.original : undefined;
  const bytes = cached ?? (file ? readOriginalFile(file, allocate) : body);
  if (!bytes) {
    cache.clear(); // the service believes now that this file is cached here
    return send({ kind: "moved", rss: process.memoryUsage.rss() }, NOTHING);
  }
  try {
    const jobOptions = { limits, next, sharesImage, onSlow: sendSlow };
    const result = await cache.run({ ...job, bytes }, jobOptions);
    const rss = process.memoryUsage.rss();
    if (result.kind === "too_slow") {
      send({ kind: "too_slow", rss }, NOTHING);
    } else {
      const { width, height } = result;
      const sha256 = createHash("sha256").update(result.bytes).digest("hex");
      send({ kind: "done", width, height, sha256, rss }, result.bytes);
    }
  } catch (error) {
    if (error instanceof OutOfMemory) send({ kind: "exhausted", detail: error.message }, NOTHING);
    else send({ kind: "failed", ...toFailure(error), rss: process.memoryUsage.rss() }, NOTHING);
  }
}

function sendSlow(what: string): void {
  send({ kind: "slow", what }, NOTHING);
}

function toFailure(
  error: unknown,
): Pick<Extract<ResponseHeader, { kind: "failed" }>, "code" | "message" | "detail"> {
  if (!(error instanceof MediaError)) {
    return { code: "internal", message: "the transform failed", detail: String(error) };
  }
  const { code, message, cause } = error;
  return { code, message, detail: cause instanceof Error ? cause.message.slice(0, 2000) : "" };
}

function send(header: ResponseHeader, body: Uint8Array): void {
  writeMessage(channel, { header, body });
}
