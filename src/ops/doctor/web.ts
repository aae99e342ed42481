import { readBody } from "../../body.ts";
import { diagnose } from "../../store/s3/diagnose.ts";
import { ANSWER_MS } from "./target.ts";

/** An answer by HTTP, of which no more was read than this needs. */
export interface WebAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
}

const MAX_BYTES = 32 * 1024 * 1024;

/** Never follows a redirect by itself. @throws Error that says in plain words why there is no answer */
export async function ask(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<WebAnswer> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  try {
    const response = await fetch(url, { redirect: "manual", headers, signal });
    return {
      status: response.status,
      headers: response.headers,
      bytes: Buffer.from((await readBody(response.body, MAX_BYTES)).bytes),
    };
  } catch (error) {
    const { message: says } = diagnose(error);
    throw new Error(says.replace("the store", new URL(url).host), { cause: error });
  }
}

/** Where a redirect leads; undefined for what is none, and for one that no image in a browser would follow. */
function locationOf({ status, headers }: WebAnswer, from: string): string | undefined {
  const location = headers.get("location");
  const isRedirect = status >= 300 && status < 400 && location !== null;
  if (!isRedirect || !URL.canParse(location, from)) return undefined;
  const { protocol, href } = new URL(location, from);
  // fetch takes data: too
  return protocol === "http:" || protocol === "https:" ? href : undefined;
}

const MAX_HOPS = 8;

/** The way of a request through redirects, up to an answer that is none. */
export interface Way {
  readonly hops: readonly string[];
  /** Undefined where it goes in a circle, or on for too long. */
  readonly answer: WebAnswer | undefined;
}

export async function follow(
  start: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Way> {
  const hops = [start];
  for (let url = start; ;) {
    const answer = await ask(url, headers);
    const next = locationOf(answer, url);
    if (next === undefined) return { hops, answer };
    const isAround = hops.includes(next);
    hops.push(next);
    if (isAround || hops.length > MAX_HOPS) return { hops, answer: undefined };
    url = next;
  }
}

/** A way for people to read, with none of what only its owner should know. */
export function printWay(hops: readonly string[]): string {
  return hops.map((hop) => withoutQuery(hop)).join(" -> ");
}

export function withoutQuery(url: string): string {
  return url
    .replace(/[?#].*$/s, "")
    .replace(/^(\w+:\/\/)[^/]*@/, "$1…@")
    .replace(/\/s--[^/]*--\//, "/s--…--/");
}
