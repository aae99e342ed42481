import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

interface ScriptedRequest {
  readonly method: string;
  /** The raw target, as it was on the wire. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export type Answer = (response: ServerResponse, request: ScriptedRequest) => void;

export interface ScriptedServer {
  readonly endpoint: string;
  /** The requests so far, in order. */
  readonly requests: readonly ScriptedRequest[];
  stop(): Promise<void>;
}

/** A server on loopback that gives these answers in turn, and the last one from then on. */
export async function startScriptedServer(answers: readonly Answer[]): Promise<ScriptedServer> {
  const requests: ScriptedRequest[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)];
    const index = requests.push({ ...describeRequest(request), body: Buffer.alloc(0) }) - 1;
    buffer(request)
      .then((body) => {
        const complete = { ...describeRequest(request), body };
        requests[index] = complete;
        answer?.(response, complete);
      })
      .catch(() => undefined); // the client went away in the middle of its request
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return { endpoint: `http://127.0.0.1:${port}`, requests, stop: () => stop(server) };
}

function describeRequest(request: IncomingMessage): Omit<ScriptedRequest, "body"> {
  const { method = "", url = "", headers } = request;
  return { method, url, headers };
}

async function stop(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** An S3 error: its code is in the body, which a HEAD does not have. */
export function refuse(status: number, code: string, more = ""): Answer {
  return (response) => {
    response.writeHead(status, { "content-type": "application/xml" });
    response.end(
      `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message>${more}</Error>`,
    );
  };
}

export function giveObject(body: string | Buffer, headers: Record<string, string> = {}): Answer {
  return (response) => {
    const length = Buffer.byteLength(body);
    response.writeHead(200, { "content-length": length, etag: '"e"', ...headers });
    response.end(body);
  };
}

export function giveStatus(status: number, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, headers).end();
  };
}

/** Reads the request and says nothing. */
export const stayingSilent: Answer = () => undefined;

/** A reset connection, before any answer. */
export const resetting: Answer = (response) => {
  response.socket?.resetAndDestroy();
};

/** Ten bytes promised, four sent; then the connection ends. */
export const breakingOff: Answer = (response) => {
  response.writeHead(200, { "content-length": 10, etag: '"e"' });
  response.write("four", () => response.socket?.end());
};

/** Ten bytes promised, four sent; then nothing. */
export const stalling: Answer = (response) => {
  response.writeHead(200, { "content-length": 10, etag: '"e"' });
  response.write("four");
};

/** A byte each 100 ms, which no time-out between two bytes ever ends. */
export const dribbling: Answer = (response) => {
  response.writeHead(200, { "content-length": 1000, etag: '"e"' });
  const timer = setInterval(() => response.write("."), 100);
  response.on("close", () => clearInterval(timer));
};

/** A body whose end is the end of the connection. */
export const givingNoLength: Answer = (response) => {
  response.writeHead(200, { etag: '"e"' });
  response.write("some");
  response.end("thing");
};
