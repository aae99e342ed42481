import { Socket } from "node:net";
import { MediaError } from "../errors.ts";
import { ENGINE, prepareEngine } from "./engine.ts";
import type { Frame } from "./frames.ts";
import { readFrames, writeFrame } from "./frames.ts";
import { OutOfMemory, transformImage } from "./pipeline.ts";
import type { ChildHeader, JobHeader } from "./protocol.ts";
import { CHANNEL_FD } from "./protocol.ts";

// The process that runs sharp: jobs come in and results go out over one pipe, one at a time.

const NOTHING = new Uint8Array();

const channel = new Socket({ fd: CHANNEL_FD, readable: true, writable: true });
channel.on("close", () => process.exit()); // the service has gone
channel.on("error", () => process.exit(1));

await prepareEngine();
readFrames(channel, (frame) => void answer(frame));
send({ kind: "ready", engine: ENGINE }, NOTHING);

async function answer({ header, body }: Frame): Promise<void> {
  const { spec, format, limits } = header as JobHeader; // the service is the only one to write here
  try {
    const { bytes, width, height } = await transformImage({ bytes: body, spec, format }, limits);
    send({ kind: "done", width, height, rss: process.memoryUsage.rss() }, bytes);
  } catch (error) {
    if (error instanceof OutOfMemory) send({ kind: "exhausted", detail: error.message }, NOTHING);
    else send({ kind: "failed", ...describe(error), rss: process.memoryUsage.rss() }, NOTHING);
  }
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
