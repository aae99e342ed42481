import { z } from "zod";
import { MediaError } from "../errors.ts";
import type { PurgeOptions, PurgePage, PurgeTarget } from "../media/purge.ts";
import { encodeKey, encodeSegment } from "../url/percent.ts";

const TIMEOUT_MS = 120_000;

const purged = z.object({ key: z.string(), variants: z.array(z.string()), cacheTag: z.string() });
const rest = z.object({ left: z.array(z.string()), isComplete: z.boolean() });
const ofKey = purged.and(rest);
const ofPrefix = z.object({ originals: z.array(purged) }).and(rest);

export interface RemoteService {
  readonly url: string;
  readonly token: string | undefined;
}

/**
 * Has a running service purge, as often as it takes.
 *
 * @throws MediaError when it cannot be reached, or refuses
 */
export async function* purgeRemotely(
  service: RemoteService,
  target: PurgeTarget,
  { isDryRun = false }: PurgeOptions,
): AsyncGenerator<Pick<PurgePage, "purged" | "left">> {
  const base = `${service.url.replace(/\/+$/, "")}/-/variants`;
  const queries = [
    ...(target.kind === "prefix" ? [`prefix=${encodeSegment(target.prefix)}`] : []),
    ...(isDryRun ? ["dry-run"] : []),
  ];
  const path = target.kind === "key" ? `${base}/${encodeKey(target.key)}` : base;
  const url = queries.length > 0 ? `${path}?${queries.join("&")}` : path;
  for (;;) {
    const { isComplete, ...page } = readAnswer(target, await ask(url, service));
    yield page;
    // what has not been deleted would come again
    if (isComplete || isDryRun) return;
  }
}

async function ask(url: string, { token }: RemoteService): Promise<unknown> {
  const response = await fetch(url, {
    method: "DELETE",
    redirect: "error", // a token is for one host
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

function readAnswer(
  target: PurgeTarget,
  answer: unknown,
): Pick<PurgePage, "purged" | "left"> & { readonly isComplete: boolean } {
  const one = ofKey.safeParse(answer);
  const many = ofPrefix.safeParse(answer);
  if (target.kind === "key" && one.success) {
    const { left, isComplete, ...purgedOne } = one.data;
    return { purged: [purgedOne], left, isComplete };
  }
  if (target.kind === "prefix" && many.success) {
    const { originals, left, isComplete } = many.data;
    return { purged: originals, left, isComplete };
  }
  throw new MediaError("store_failed", "the answer is not that of shift-media");
}
