import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, request as requestUpstream } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { vi } from "vitest";
import { useS3 } from "./environment.ts";
import type { S3Server } from "./server.ts";
import { startS3Server } from "./server.ts";
import type { Answer } from "./script.ts";

/** The fate of a call: an answer of its own, or something before or after the store answers. */
export interface Fault {
  /** Instead of the store's answer. */
  readonly answer?: Answer;
  /** Before the store is asked. */
  readonly before?: () => Promise<unknown>;
  /** After the store has answered, and before the client hears of it. */
  readonly after?: () => Promise<unknown>;
  /** How many calls it happens to; by default all. */
  readonly times?: number;
}

/** A real S3 server behind a proxy that misbehaves on chosen calls. */
export interface FaultyS3 extends S3Server {
  /** Straight to the server. */
  readonly client: S3Client;
  /** The calls so far, as `HEAD originals/a.jpg`, in order. */
  readonly calls: string[];
  /** The answers so far, as `200 HEAD originals/a.jpg`, in order. */
  readonly answers: string[];
  /** From now on this happens to the calls whose names match. */
  fail(pattern: RegExp, fault: Fault): void;
  /** Nothing goes wrong any more. */
  heal(): void;
  /** How many calls have names that match. */
  count(pattern: RegExp): number;
  /** How many calls are not answered yet. */
  pending(): number;
  putOriginal(key: string, bytes: Uint8Array): Promise<void>;
}

interface Rule extends Fault {
  readonly pattern: RegExp;
  left: number;
}

/** Starts one, or stands before one that runs, and points the environment of this process to it. */
export async function startFaultyS3(given?: S3Server): Promise<FaultyS3> {
  const real = given ?? (await startS3Server());
  const client = new S3Client({ ...real, forcePathStyle: true });
  const { port } = new URL(real.endpoint);
  const pathname = new URL(real.endpoint).pathname.replace(/\/$/, "");
  const calls: string[] = [];
  const answers: string[] = [];
  let rules: readonly Rule[] = [];
  let pending = 0;
  const choose = (call: string): Rule | undefined => {
    const rule = rules.find(({ pattern, left }) => left > 0 && pattern.test(call));
    if (rule) rule.left -= 1;
    return rule;
  };
  const server = createServer((request, response) => {
    const call = nameCall(request, pathname.replace(/\/$/, ""));
    calls.push(call);
    pending += 1;
    response.on("close", () => {
      pending -= 1;
      if (response.writableFinished) answers.push(`${response.statusCode} ${call}`);
    });
    // a client that goes away, in either direction, needs no answer
    relay({ request, response, port }, choose(call)).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port: ownPort } = server.address() as AddressInfo; // it listens on TCP
  const endpoint = `http://127.0.0.1:${ownPort}${pathname}`;
  useS3({ ...real, endpoint });
  return {
    ...real,
    endpoint,
    client,
    calls,
    answers,
    fail: (pattern, fault) => {
      rules = [...rules, { ...fault, pattern, left: fault.times ?? Infinity }];
    },
    heal: () => {
      rules = [];
    },
    count: (pattern) => calls.filter((call) => pattern.test(call)).length,
    pending: () => pending,
    putOriginal: async (Key, Body) => {
      await client.send(new PutObjectCommand({ Bucket: real.originalsBucket, Key, Body }));
    },
    stop: async () => {
      vi.unstubAllEnvs();
      client.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await real.stop();
    },
  };
}

function nameCall({ method = "", url = "" }: IncomingMessage, pathname: string): string {
  const path = decodeURIComponent(url.slice(pathname.length + 1).replace(/[?&]x-id=\w+/, ""));
  return `${method} ${path}`;
}

interface Relay {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly port: string;
}

async function relay({ request, response, port }: Relay, rule: Fault | undefined): Promise<void> {
  const { method = "", url = "", headers } = request;
  const body = await buffer(request);
  await rule?.before?.();
  if (rule?.answer) {
    rule.answer(response, { method, url, headers, body });
    return;
  }
  // the signature is of the host that the client has asked
  const upstream = requestUpstream({ host: "127.0.0.1", port, method, path: url, headers });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    upstream.on("response", resolve).on("error", reject);
  });
  upstream.end(body);
  const answer = await answered;
  const content = await buffer(answer);
  await rule?.after?.();
  response.writeHead(answer.statusCode ?? 500, answer.headers);
  response.end(content);
}
