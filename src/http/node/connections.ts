import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Server as NetServer } from "node:net";
import type { Duplex } from "node:stream";

export interface ConnectionOptions {
  /** Begins to answer a request. */
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  /** A client is disconnected that takes nothing of its answer, or sends nothing, for this long; in milliseconds. */
  readonly idleMs: number;
  /** Requests of one connection that are answered at the same time. */
  readonly maxOpen: number;
  /** Requests that have been read and wait behind those, of all connections together. */
  readonly maxWaiting: number;
}

interface Connection {
  /** Requests whose answers have been begun, and not been sent. */
  readonly open: Set<ServerResponse>;
  readonly waiting: (() => void)[];
  /** No further request is read. */
  isEnding: boolean;
}

/**
 * The connections of a server: what is under way on each, and a bound on it. Node would begin any number of requests
 * that a client sends without waiting for their answers.
 */
export class Connections {
  readonly #server: Server;
  readonly #options: ConnectionOptions;
  readonly #connections = new Map<Duplex, Connection>();
  #waiting = 0;
  #isClosing = false;

  constructor(server: Server, options: ConnectionOptions) {
    this.#server = server;
    this.#options = options;
    server.timeout = options.idleMs;
    server.on("connection", (socket: Socket) => this.#add(socket));
    server.on("request", (request, response) => this.#take(request, response));
    server.on("timeout", (socket: Socket) => {
      // a client that waits for its answer is not idle
      const { open } = this.#get(socket);
      if (![...open].some(({ headersSent }) => !headersSent)) socket.destroy();
    });
    server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) =>
      this.#refuse(error, socket),
    );
  }

  /**
   * Accepts no connection, and resolves when every answer that was begun has been sent. Node's own `close` takes an
   * answer in a buffer for sent, and waits for connections without a request.
   */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#isClosing = true;
      // the `close` of an HTTP server would drop bytes that are still in a buffer
      NetServer.prototype.close.call(this.#server, () => resolve());
      for (const socket of this.#connections.keys()) this.#endIfIdle(socket);
    });
  }

  #add(socket: Socket): void {
    this.#connections.set(socket, { open: new Set(), waiting: [], isEnding: false });
    socket.on("close", () => {
      const { open, waiting } = this.#get(socket);
      this.#connections.delete(socket);
      this.#waiting -= waiting.length;
      for (const response of open) endPipelined(response);
    });
  }

  #get(socket: Duplex): Connection {
    return this.#connections.get(socket) ?? { open: new Set(), waiting: [], isEnding: true };
  }

  /** Begins a request, or has it wait while its connection has enough of them. */
  #take(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const connection = this.#get(socket);
    const { open, waiting, isEnding } = connection;
    if (isEnding) return;
    if (open.size < this.#options.maxOpen && waiting.length === 0) {
      this.#begin(request, response, connection);
      return;
    }
    if (this.#waiting >= this.#options.maxWaiting) {
      socket.destroy();
      return;
    }
    // Node goes on with what it has read, and resumes the socket after each request of it
    if (waiting.length === 0) process.nextTick(() => this.#pauseIfBusy(socket));
    waiting.push(() => this.#begin(request, response, connection));
    this.#waiting += 1;
  }

  #begin(request: IncomingMessage, response: ServerResponse, { open }: Connection): void {
    const { socket } = request;
    open.add(response);
    response.on("close", () => {
      open.delete(response);
      this.#beginNext(socket);
      this.#endIfIdle(socket);
    });
    this.#options.onRequest(request, response);
  }

  #beginNext(socket: Socket): void {
    const { waiting } = this.#get(socket);
    const begin = waiting.shift();
    if (!begin) return;
    this.#waiting -= 1;
    if (waiting.length === 0) socket.resume();
    begin();
  }

  #pauseIfBusy(socket: Socket): void {
    if (this.#get(socket).waiting.length > 0) socket.pause();
  }

  #endIfIdle(socket: Duplex): void {
    const { open, waiting, isEnding } = this.#get(socket);
    if ((this.#isClosing || isEnding) && open.size + waiting.length === 0) destroySoon(socket);
  }

  /** Answers bytes that are not an HTTP request, unless an answer is under way: that would be read as a part of it. */
  #refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
    const connection = this.#get(socket);
    if (connection.open.size + connection.waiting.length === 0) {
      if (!socket.writable) return;
      const status = CLIENT_ERRORS[error.code ?? ""] ?? "400 Bad Request";
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nCache-Control: no-store\r\n\r\n`);
      return;
    }
    // a client that is not read, or is answered while it sends, has unlimited time for the rest
    if (error.code !== "ERR_HTTP_REQUEST_TIMEOUT") connection.isEnding = true;
  }
}

const CLIENT_ERRORS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

/** Ends a socket when all that was written has been sent. */
function destroySoon(socket: Duplex): void {
  if ("destroySoon" in socket) (socket as Socket).destroySoon(); // the sockets of an HTTP server have it
  else socket.destroy();
}

/** Node tells only the current answer that its client has gone, not the pipelined ones behind it. */
function endPipelined(response: ServerResponse): void {
  if (response.socket === null && !response.writableFinished) response.emit("close");
}
