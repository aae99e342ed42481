import { createHash } from "node:crypto";
import { Socket } from "node:net";
import { MediaError } from "../../errors.ts";
import { createDesk } from "./job-cache.ts";
import { ENGINE, prepareEngine } from "../sharp/engine.ts";
import type { Frame } from "./frames.ts";
import { createFrameReader, writeFrame } from "./frames.ts";
import { readOriginalFile } from "./read-file.ts";
import { OutOfMemory } from "../pipeline/pipeline.ts";
import type { ChildHeader, ServiceHeader } from "./protocol.ts";
import { CHANNEL_FD } from "./protocol.ts";
import { createRoom } from "./reusable-buffer.ts";

// The process that runs sharp: jobs come in and results go out over one pipe, one at a time.

const NOTHING = new Uint8Array();

/** Read into over and over: an original comes in fewer pieces, and none of them is garbage after. */
const PIECE_BYTES = 256 * 1024;

await prepareEngine();
const desk = createDesk();
const allocate = createRoom();
const read = createFrameReader((frame) => void answer(frame), allocate);
const options = {
  fd: CHANNEL_FD,
  readable: true,
  writable: true,
  // a field that Node has had since version 12, and its types have not
  onread: {
    buffer: Buffer.alloc(PIECE_BYTES),
    callback: (length: number, buffer: Buffer): boolean => {
      if (!read(buffer.subarray(0, length))) process.exit(1);
      return true;
    },
  },
};
const channel = new Socket(options);
channel.on("close", () => process.exit()); // the service has gone
channel.on("error", () => process.exit(1));

send({ kind: "ready", engine: ENGINE }, NOTHING);

async function answer({ header, body }: Frame): Promise<void> {
  const asked = header as ServiceHeader; // the service is the only one to write here
  if (asked.kind === "release") {
    desk.clear();
    return;
  }
  const { limits, follow, isTwinned, isKept, file, ...job } = asked;
  const kept = isKept ? desk.original() : undefined;
  const bytes = kept ?? (file ? readOriginalFile(file, allocate) : body);
  if (!bytes) {
    desk.clear(); // the service takes this file for the last original, and not the one before
    return send({ kind: "moved", rss: process.memoryUsage.rss() }, NOTHING);
  }
  try {
    const result = await desk.run(
      { ...job, bytes },
      { limits, follow, isTwinned, onSlow: sendSlow },
    );
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
    else send({ kind: "failed", ...describe(error), rss: process.memoryUsage.rss() }, NOTHING);
  }
}

function sendSlow(what: string): void {
  send({ kind: "slow", what }, NOTHING);
}

function describe(
  error: unknown,
): Pick<Extract<ChildHeader, { kind: "failed" }>, "code" | "message" | "detail"> {
  if (!(error instanceof MediaError)) {
    return { code: "internal", message: "the transform failed", detail: String(error) };
  }
  const { code, message, cause } = error;
  return { code, message, detail: cause instanceof Error ? cause.message.slice(0, 2000) : "" };
}

function send(header: ChildHeader, body: Uint8Array): void {
  writeFrame(channel, { header, body });
}
