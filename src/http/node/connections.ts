import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Server as NetServer } from "node:net";
import type { Duplex } from "node:stream";

/** The connections of a server, and the answers that are being sent on them. */
export interface Connections {
  /**
   * Accepts no connection, and resolves when every answer that was begun has been sent. Node's own `close` takes an
   * answer in a buffer for sent, and waits for connections without a request.
   */
  close(): Promise<void>;
  /** True while an answer on this socket has begun and not ended. */
  isAnswering(socket: Duplex): boolean;
}

/** @param idleMs after which a client is disconnected that takes nothing of its answer, or sends nothing */
export function trackConnections(server: Server, idleMs: number): Connections {
  const answers = new Map<Socket, Set<ServerResponse>>();
  let isClosing = false;
  const endIfIdle = (socket: Socket): void => {
    if (isClosing && !answers.get(socket)?.size) socket.destroySoon();
  };
  server.timeout = idleMs;
  server.on("timeout", (socket: Socket) => {
    // a client that waits for its answer is not idle
    const isWaiting = [...(answers.get(socket) ?? [])].some(({ headersSent }) => !headersSent);
    if (!isWaiting) socket.destroy();
  });
  server.on("connection", (socket: Socket) => {
    answers.set(socket, new Set());
    socket.on("close", () => {
      const begun = answers.get(socket) ?? [];
      answers.delete(socket);
      for (const response of begun) endPipelined(response);
    });
  });
  server.on("request", ({ socket }, response: ServerResponse) => {
    answers.get(socket)?.add(response);
    response.on("close", () => {
      answers.get(socket)?.delete(response);
      endIfIdle(socket);
    });
  });
  return {
    // the sockets of an HTTP server are of this kind
    isAnswering: (socket) =>
      [...(answers.get(socket as Socket) ?? [])].some(
        ({ headersSent, writableEnded }) => headersSent && !writableEnded,
      ),
    close: () =>
      new Promise((resolve) => {
        isClosing = true;
        // the `close` of an HTTP server would drop bytes that are still in a buffer
        NetServer.prototype.close.call(server, () => resolve());
        for (const socket of answers.keys()) endIfIdle(socket);
      }),
  };
}

/** Node tells only the current answer that its client has gone, not the pipelined ones behind it. */
function endPipelined(response: ServerResponse): void {
  if (response.socket === null && !response.writableFinished) response.emit("close");
}
