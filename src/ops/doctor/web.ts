import { readBody } from "../../async/body.ts";
import { diagnose } from "../../store/s3/diagnose.ts";
import { ANSWER_MS } from "./target.ts";

/** An HTTP answer, with at most `MAX_BYTES` of its body. */
export interface WebAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
}

/** Bytes of a body that are read. */
const MAX_BYTES = 32 * 1024 * 1024;

/** Requests a URL without following redirects. @throws Error that explains why there is no answer */
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
    const { message } = diagnose(error);
    throw new Error(message.replace("the store", new URL(url).host), { cause: error });
  }
}

/** Reads the URL of a redirect; undefined for other answers, and for redirects that browsers do not follow for images. */
function readLocation({ status, headers }: WebAnswer, from: string): string | undefined {
  const location = headers.get("location");
  const isRedirect = status >= 300 && status < 400 && location !== null;
  if (!isRedirect || !URL.canParse(location, from)) return undefined;
  const { protocol, href } = new URL(location, from);
  // fetch would also follow data:
  return protocol === "http:" || protocol === "https:" ? href : undefined;
}

/** Redirects that are followed. */
const MAX_HOPS = 8;

/** The redirects of a request, and the answer at their end. */
export interface Redirects {
  readonly hops: readonly string[];
  /** Undefined for a loop, and for too many redirects. */
  readonly answer: WebAnswer | undefined;
}

export async function followRedirects(
  start: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Redirects> {
  const hops = [start];
  for (let url = start; ;) {
    const answer = await ask(url, headers);
    const next = readLocation(answer, url);
    if (next === undefined) return { hops, answer };
    const isLoop = hops.includes(next);
    hops.push(next);
    if (isLoop || hops.length > MAX_HOPS) return { hops, answer: undefined };
    url = next;
  }
}

/** Prints redirects without credentials and signatures. */
export function printHops(hops: readonly string[]): string {
  return hops.map((hop) => withoutQuery(hop)).join(" -> ");
}

export function withoutQuery(url: string): string {
  return url
    .replace(/[?#].*$/s, "")
    .replace(/^(\w+:\/\/)[^/]*@/, "$1…@")
    .replace(/\/s--[^/]*--\//, "/s--…--/");
}
