import { z } from "zod";
import { MediaError } from "../../errors.ts";
import type { PurgeOptions, PurgePage, PurgeTarget } from "../../media/purge/purge.ts";
import { encodeKey, encodeSegment, cutTrailingSlashes } from "../../url/percent.ts";

/** Milliseconds for one page of a purge. */
const TIMEOUT_MS = 120_000;

const purged = z.object({ key: z.string(), variants: z.array(z.string()), cacheTag: z.string() });
const rest = z.object({ left: z.array(z.string()), cursor: z.string().optional() });
const ofKey = purged.and(rest);
const ofPrefix = z.object({ originals: z.array(purged) }).and(rest);

export interface RemoteService {
  readonly url: string;
  readonly token: string | undefined;
}

type Answer = Pick<PurgePage, "purged" | "left"> & { readonly cursor: string | undefined };

/**
 * Asks a running service to purge, page by page.
 *
 * @throws MediaError when the service cannot be reached, or refuses
 */
export async function* purgeRemotely(
  service: RemoteService,
  target: PurgeTarget,
  { isDryRun = false }: PurgeOptions,
): AsyncGenerator<Answer> {
  const base = `${cutTrailingSlashes(service.url)}/-/variants`;
  const path = target.kind === "key" ? `${base}/${encodeKey(target.key)}` : base;
  const queries = [
    ...(target.kind === "prefix" ? [`prefix=${encodeSegment(target.prefix)}`] : []),
    ...(isDryRun ? ["dry-run"] : []),
  ];
  let cursor: string | undefined;
  do {
    const all = cursor === undefined ? queries : [...queries, `cursor=${encodeSegment(cursor)}`];
    const url = all.length > 0 ? `${path}?${all.join("&")}` : path;
    const answer = readAnswer(target, await ask(url, service));
    yield answer;
    cursor = answer.cursor;
  } while (cursor !== undefined);
}

async function ask(url: string, { token }: RemoteService): Promise<unknown> {
  const response = await fetch(url, {
    method: "DELETE",
    redirect: "error", // the token must not go to another host
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  }).catch((cause: unknown) => {
    throw new MediaError("store_failed", "the service could not be reached", { cause });
  });
  const text = await response.text();
  if (response.ok) return parse(text);
  const problem = `the service answered ${response.status}: ${text.slice(0, 500)}`;
  throw new MediaError("store_failed", problem);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readAnswer(target: PurgeTarget, answer: unknown): Answer {
  const one = ofKey.safeParse(answer);
  const many = ofPrefix.safeParse(answer);
  if (target.kind === "key" && one.success) {
    const { left, cursor, ...purgedOne } = one.data;
    return { purged: [purgedOne], left, cursor };
  }
  if (target.kind === "prefix" && many.success) {
    const { originals, left, cursor } = many.data;
    return { purged: originals, left, cursor };
  }
  throw new MediaError("store_failed", "the answer is not from shift-media: check --service");
}
