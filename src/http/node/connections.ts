import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Server as NetServer } from "node:net";
import type { Duplex } from "node:stream";

/** The connections of a server, and what is still being sent on them. */
export interface Connections {
  /**
   * Takes nothing new, and resolves when every answer that was begun has been sent. Node's own way counts
   * an answer as sent that still lies in a buffer, and waits for connections that never asked anything.
   */
  close(): Promise<void>;
  /** Whether an answer has begun there, and not ended. */
  isAnswering(socket: Duplex): boolean;
}

/** @param idleMs after which a client is ended that takes nothing of its answer, or asks nothing */
export function trackConnections(server: Server, idleMs: number): Connections {
  const answers = new Map<Socket, Set<ServerResponse>>();
  let isClosing = false;
  const endIfIdle = (socket: Socket): void => {
    if (isClosing && !answers.get(socket)?.size) socket.destroySoon();
  };
  server.timeout = idleMs;
  server.on("timeout", (socket: Socket) => {
    // who waits for an answer does nothing, and is not idle
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
        // the close of an HTTP server would cut off what is still in a buffer
        NetServer.prototype.close.call(server, () => resolve());
        for (const socket of answers.keys()) endIfIdle(socket);
      }),
  };
}

/** Node says of the answer alone whose turn it was that its client has gone, not of those behind it. */
function endPipelined(response: ServerResponse): void {
  if (response.socket === null && !response.writableFinished) response.emit("close");
}
