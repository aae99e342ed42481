import type { Socket } from "node:net";
import { connect } from "node:net";

/** A connection that sends requests for images that are not there, without waiting for answers. */
export function flood(
  url: string,
  count: number,
): { readonly socket: Socket; answers(): string[] } {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.on("error", () => undefined); // it may be reset
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  const requests = Array.from(
    { length: count },
    (_, n) => `GET /w_9/gone-${n}.png HTTP/1.1\r\nHost: x\r\n\r\n`,
  );
  socket.write(requests.join(""));
  return { socket, answers: () => text.match(/HTTP\/1.1 \d+|gone-\d+/g) ?? [] };
}
