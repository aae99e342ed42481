import { LRUCache } from "lru-cache";
import type { Observe } from "../../media/observe.ts";
import type { VariantRequest } from "../../request/request.ts";
import type { VariantInfo } from "../../media/variant.ts";
import type { FoundVariant } from "../../media/variants/variants.ts";
import type { Answer } from "../answer/answer.ts";
import { CDN_HEADERS } from "../answer/delivery.ts";
import type { VariantDeps } from "./variant.ts";
import { answerFromMemory, getRedirectEnd } from "./variant-answer.ts";
import type { WireRequest } from "../wire.ts";
import { readHeader } from "../wire.ts";

/** Bytes of all entries: the characters of their names, and for the rest of each a number that was measured. */
const MAX_SIZE = 64 * 1024 * 1024;
const ENTRY_SIZE = 2560;
/** Characters of an `Accept` header. Requests with a longer one are always parsed; those of browsers are shorter. */
const MAX_ACCEPT = 512;

const HIT = { kind: "hit" } as const;

/** The headers that a redirect depends on, beside `Accept`. */
const DEPENDED_ON = ["if-none-match", ...CDN_HEADERS];

type WireHead = Pick<WireRequest, "method" | "target" | "headers">;

interface Target {
  readonly target: string;
  readonly accept: string | undefined;
}

interface ParsedTarget {
  readonly request: VariantRequest;
  readonly cacheTag: string;
}

interface Entry extends ParsedTarget {
  /** The redirect that was answered last, and its variant. */
  redirect?: {
    readonly info: VariantInfo;
    readonly answer: Answer;
    /** When it was answered, in milliseconds since 1970. */
    readonly since: number;
    /** When its URL is no longer given out, in milliseconds since 1970. */
    readonly until: number;
  };
}

interface AnswerCacheDeps extends VariantDeps {
  readonly observe: Observe;
}

/**
 * The fast path for requests that were parsed before, of variants that are known to be stored: it parses nothing,
 * asks no store, and waits for nothing. A request that it does not answer is parsed and answered in full.
 */
export class AnswerCache {
  readonly #deps: AnswerCacheDeps;
  readonly #entries = new LRUCache<string, Entry>({
    maxSize: MAX_SIZE,
    sizeCalculation: ({ request }, name) =>
      name.length + request.key.length + request.variantKey.length + ENTRY_SIZE,
  });

  constructor(deps: AnswerCacheDeps) {
    this.#deps = deps;
  }

  /** Records the request that a target with this `Accept` header stands for. */
  add({ target, accept }: Target, parsed: ParsedTarget): void {
    const name = parsed.request.isNegotiated ? joinName(target, accept) : target;
    if (name !== undefined && !this.#entries.has(name)) this.#entries.set(name, { ...parsed });
  }

  answer(wire: WireHead): Answer | undefined {
    const { method, target } = wire;
    if (method !== "GET" && method !== "HEAD") return undefined;
    const entries = this.#entries;
    const entry =
      entries.get(target) ?? entries.get(joinName(target, readHeader(wire, "accept")) ?? "");
    const answer = entry && answerHit(this.#deps, entry, wire);
    if (answer) this.#deps.observe(HIT);
    return answer;
  }
}

/** A target has no line break. */
function joinName(target: string, accept = ""): string | undefined {
  return accept.length > MAX_ACCEPT ? undefined : `${target}\n${accept}`;
}

function answerHit(deps: AnswerCacheDeps, entry: Entry, wire: WireHead): Answer | undefined {
  const { request } = entry;
  const hasExpired = request.expires !== undefined && request.expires * 1000 <= deps.rules.now();
  const found = hasExpired ? undefined : deps.variants.getCached(request);
  return found?.kind === "stored" ? answerStored(deps, entry, { ...wire, found }) : undefined;
}

function answerStored(
  deps: AnswerCacheDeps,
  entry: Entry,
  {
    method,
    headers,
    found,
  }: WireHead & { readonly found: Extract<FoundVariant, { kind: "stored" }> },
): Answer | undefined {
  const { request } = found; // of an animation that for another format
  // a presigned URL is for one method
  const isPlain = method === "GET" && DEPENDED_ON.every((name) => headers[name] === undefined);
  const known = isPlain ? getKnownRedirect(deps, entry, found.info) : undefined;
  if (known) return known;
  const header = (name: string): string | undefined => readHeader({ headers }, name);
  const input = { deps, request, method, header };
  const untagged = answerFromMemory(input, found);
  const answer = untagged && {
    ...untagged,
    headers: { ...untagged.headers, "cache-tag": entry.cacheTag },
  };
  if (isPlain && answer?.status === 302 && request.expires === undefined) {
    const until = getRedirectEnd(input, found.info);
    entry.redirect = { info: found.info, answer, since: deps.rules.now(), until };
  }
  return answer;
}

function getKnownRedirect(
  { rules }: AnswerCacheDeps,
  { redirect }: Entry,
  info: VariantInfo,
): Answer | undefined {
  if (redirect?.info !== info) return undefined;
  const now = rules.now();
  return redirect.since <= now && now < redirect.until ? redirect.answer : undefined;
}
