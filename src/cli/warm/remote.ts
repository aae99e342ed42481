import { setTimeout as pause } from "node:timers/promises";
import { MediaError } from "../../errors.ts";
import { readLines } from "../../media/warm/lines.ts";
import type { WarmEntry, WarmRequest } from "../../media/warm/request.ts";
import type { WarmResult } from "../../media/warm/result.ts";
import { describeError } from "../../media/warm/result.ts";

/** Originals for one request, so that no proxy has to keep a connection open for hours. */
const BATCH = 200;
/** Attempts at one batch. */
const ATTEMPTS = 6;

export interface Remote {
  /** URL of the service, without a slash at its end. */
  readonly url: string;
  readonly token: string | undefined;
}

/**
 * Asks a running service to warm up. Originals without an answer are sent again when a request breaks off.
 *
 * @throws MediaError when the service refuses, or cannot be reached
 */
export async function* warmRemotely(
  remote: Remote,
  entries: AsyncIterable<WarmEntry>,
): AsyncGenerator<WarmResult> {
  let batch: WarmRequest[] = [];
  for await (const entry of entries) {
    if ("problem" in entry) {
      yield { status: "failed", line: entry.line, ...describeError(entry.problem) };
      continue;
    }
    batch.push(entry);
    if (batch.length < BATCH) continue;
    yield* send(remote, batch);
    batch = [];
  }
  if (batch.length > 0) yield* send(remote, batch);
}

async function* send(remote: Remote, batch: readonly WarmRequest[]): AsyncGenerator<WarmResult> {
  const seen = new Set<string>();
  for (let attempt = 1; ; attempt += 1) {
    let problem: unknown = new MediaError("overloaded", "the service is stopping");
    try {
      for await (const result of post(remote, batch)) {
        if (result === "done") return;
        const identity = JSON.stringify([
          result.key,
          result.variant,
          result.transform,
          result.format,
        ]);
        if (!seen.has(identity)) yield result;
        seen.add(identity);
      }
    } catch (error) {
      if (isRefusal(error) || attempt === ATTEMPTS) throw error;
      problem = error;
    }
    if (attempt === ATTEMPTS) throw problem;
    await pause(500 * 2 ** (attempt - 1));
  }
}

/** True for errors that a repetition cannot change. */
function isRefusal(error: unknown): boolean {
  return error instanceof MediaError && error.code === "not_allowed";
}

async function* post(
  { url, token }: Remote,
  batch: readonly WarmRequest[],
): AsyncGenerator<WarmResult | "done"> {
  const response = await fetch(`${url}/-/warm`, {
    method: "POST",
    headers: {
      "content-type": "application/x-ndjson",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: batch.map(printRequest).join(""),
  }).catch((cause: unknown) => {
    throw new MediaError("store_failed", `the service at ${url} cannot be reached`, { cause });
  });
  if (!response.ok || !response.body) throw await readRefusal(response);
  for await (const line of readLines(response.body)) {
    if ("problem" in line) throw line.problem;
    const result = JSON.parse(line.text) as Answer; // the service prints no other lines
    if (result.status === "stopped") return;
    yield result.status === "done" ? "done" : (result as WarmResult); // any other status is that of a result
  }
  throw new MediaError("store_failed", "the connection to the service broke off");
}

/** A result, or the totals in the last line. */
interface Answer {
  readonly status: WarmResult["status"] | "done" | "stopped";
}

function printRequest({ key, outputs }: WarmRequest): string {
  return outputs.map((output) => `${JSON.stringify({ key, ...output })}\n`).join("");
}

async function readRefusal(response: Response): Promise<MediaError> {
  const { status } = response;
  const text = (await response.text()).slice(0, 1000);
  const isTheirs = status < 500 && status !== 429;
  return new MediaError(
    isTheirs ? "not_allowed" : "overloaded",
    `the service answered ${status}: ${text}`,
  );
}
