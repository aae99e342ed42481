import type { IncomingMessage, ServerResponse } from "node:http";
import type { ByteStream } from "../../media/open-bodies.ts";
import type { Answer } from "../answer/answer.ts";
import type { StreamAnswer } from "../answer/response.ts";
import { isStreamed } from "../answer/response.ts";
import type { DoorPorts, Reply } from "../front-door.ts";
import { answer } from "../front-door.ts";
import type { WireRequest } from "../wire.ts";

interface ListenerOptions {
  readonly ports: DoorPorts<Answer | StreamAnswer>;
  readonly isStopping: () => boolean;
}

type AnyAnswer = Answer | StreamAnswer;

/** Answers the requests of a server of Node, straight on their sockets: a framework would cost several times as much. */
export function createListener({
  ports,
  isStopping,
}: ListenerOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const send = (response: ServerResponse, reply: Reply<AnyAnswer>): void => {
    if (isStopping()) response.shouldKeepAlive = false;
    write(response, reply);
  };
  return (request, response) => {
    const wire = new NodeRequest(request, response);
    // a part of the message may be left, and whatever it is must not be read as the next request
    if (wire.problem !== undefined) response.shouldKeepAlive = false;
    const reply = answer(wire, ports);
    if (reply instanceof Promise) void reply.then((late) => send(response, late));
    else send(response, reply);
  };
}

class NodeRequest implements WireRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: WireRequest["headers"];
  readonly problem: string | undefined;
  readonly outgoing: ServerResponse;
  #gone: AbortController | undefined;

  constructor(request: IncomingMessage, response: ServerResponse) {
    const { method = "", url = "", headers } = request;
    this.method = method;
    this.target = url;
    this.headers = headers;
    this.problem = findProblem(request);
    this.outgoing = response;
  }

  get signal(): AbortSignal {
    this.#gone ??= createGone(this.outgoing);
    return this.#gone.signal;
  }
}

function createGone(response: ServerResponse): AbortController {
  const gone = new AbortController();
  if (response.destroyed) gone.abort();
  else response.once("close", () => response.writableFinished || gone.abort());
  return gone;
}

/** Matches what RFC 3986 allows in the name of a host, its port, and no host at all (RFC 9112, 3.2). */
const HOST = /^[\w.~%!$&'()*+,;=:[\]-]*$/;

/** Browsers and proxies take a backslash for a slash, and send nothing behind a number sign. */
const TARGET = /^\/[^\\#]*$/;

/** Finds what makes it doubtful where a request ends, or whose it is. */
function findProblem({ url = "", headers, rawHeaders }: IncomingMessage): string | undefined {
  const { "content-length": length = "0", "transfer-encoding": encoding, host = "" } = headers;
  if (length !== "0" || encoding !== undefined) return "the request must have no body";
  if (!HOST.test(host) || countHosts(rawHeaders) > 1) return "the request must have one valid Host";
  return TARGET.test(url) ? undefined : "the target of the request must be a path";
}

/** @param raw names and values in turn */
function countHosts(raw: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index];
    if (name?.length === 4 && name.toLowerCase() === "host") count += 1;
  }
  return count;
}

/** The same answer is sent many times. */
const lists = new WeakMap<AnyAnswer, readonly string[]>();

function listHeaders(sent: AnyAnswer): readonly string[] {
  const known = lists.get(sent);
  if (known) return known;
  const list = Object.entries(sent.headers).flat();
  lists.set(sent, list);
  return list;
}

function write(response: ServerResponse, { answer: sent, timing }: Reply<AnyAnswer>): void {
  response.writeHead(sent.status, [...listHeaders(sent), "server-timing", timing]);
  if (!isStreamed(sent)) response.end(response.req.method === "HEAD" ? undefined : sent.body);
  else void writeStream(response, sent.stream);
}

async function writeStream(response: ServerResponse, stream: ByteStream): Promise<void> {
  const close = (): void => stream.close();
  response.once("close", close);
  try {
    if (response.destroyed) return;
    for await (const chunk of stream) {
      if (response.destroyed) return;
      if (!response.write(chunk)) await waitForDrain(response);
    }
    response.end();
  } catch {
    response.destroy(); // an answer that ends here must not look complete
  } finally {
    close();
  }
}

/** Resolves when the client has taken enough, or has gone. */
function waitForDrain(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done);
    response.on("close", done);
    if (response.destroyed) done();
  });
}
