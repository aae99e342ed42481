import { cutTrailingSlashes } from "../../url/percent.ts";
import { setTimeout as pause } from "node:timers/promises";
import { MediaError } from "../../errors.ts";
import { readLines } from "../../media/warm/lines.ts";
import type { WarmEntry, WarmRequest } from "../../media/warm/request.ts";
import type { WarmResult } from "../../media/warm/result.ts";
import { describeError } from "../../media/warm/result.ts";

/** Originals of one request: whatever stands between us need not hold on for hours. */
const BATCH = 200;
const ATTEMPTS = 6;

export interface Remote {
  /** Where `/-/` is. */
  readonly url: string;
  readonly token: string | undefined;
}

/**
 * Has a running service warm up. What a request that broke off has not answered is asked for again.
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

/** What asking again does not change. */
function isRefusal(error: unknown): boolean {
  return error instanceof MediaError && error.code === "not_allowed";
}

async function* post(
  { url, token }: Remote,
  batch: readonly WarmRequest[],
): AsyncGenerator<WarmResult | "done"> {
  const response = await fetch(`${cutTrailingSlashes(url)}/-/warm`, {
    method: "POST",
    headers: {
      "content-type": "application/x-ndjson",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: batch.map(printOrder).join(""),
  }).catch((cause: unknown) => {
    throw new MediaError("store_failed", `the service at ${url} cannot be reached`, { cause });
  });
  if (!response.ok || !response.body) throw await readRefusal(response);
  for await (const line of readLines(response.body)) {
    if ("problem" in line) throw line.problem;
    const result = JSON.parse(line.text) as Answer; // it is our own service
    if (result.status === "stopped") return;
    yield result.status === "done" ? "done" : (result as WarmResult); // it is no sum
  }
  throw new MediaError("store_failed", "the answer of the service broke off");
}

/** A result, or the sums of all. */
interface Answer {
  readonly status: WarmResult["status"] | "done" | "stopped";
}

function printOrder({ key, outputs }: WarmRequest): string {
  return outputs.map((output) => `${JSON.stringify({ key, ...output })}\n`).join("");
}

async function readRefusal(response: Response): Promise<MediaError> {
  const { status } = response;
  const text = (await response.text()).slice(0, 1000);
  const isTheirs = status < 500 && status !== 429;
  return new MediaError(isTheirs ? "not_allowed" : "overloaded", `${status}: ${text}`);
}
