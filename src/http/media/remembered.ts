import { LRUCache } from "lru-cache";
import type { Observe } from "../../media/observe.ts";
import type { VariantRequest } from "../../request/request.ts";
import type { VariantInfo } from "../../media/variant.ts";
import type { FoundVariant } from "../../media/variants/variants.ts";
import type { Answer } from "../answer/answer.ts";
import { CDN_HEADERS } from "../answer/delivery.ts";
import type { VariantDeps } from "./variant.ts";
import { answerFromMemory, getRedirectEnd } from "./variant-answer.ts";

/** What all remembered targets may take: the characters of their names, and for the rest as much as was measured. */
const MAX_SIZE = 64 * 1024 * 1024;
const ALLOWANCE = 2560;
/** Longer ones are not what browsers send. */
const MAX_ACCEPT = 512;

const HIT = { kind: "hit" } as const;

/** The headers that may make a redirect another answer, beside `Accept`. */
const DEPENDED_ON = ["if-none-match", ...CDN_HEADERS];

/** A request as it is on the wire. */
interface WireRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/**
 * The short way for what has been asked for before, of variants that are known to be stored: nothing is
 * parsed, nobody is asked, and nothing is waited for. Whatever it has no answer to goes the long way.
 */
export interface AnswerCache {
  /** Takes note of what a target, with this `Accept` header, asks for. */
  note(asked: Target, noted: Noted): void;
  answer(request: WireRequest): Answer | undefined;
}

interface Target {
  readonly target: string;
  readonly accept: string | undefined;
}

interface Noted {
  readonly request: VariantRequest;
  readonly cacheTag: string;
}

interface Entry extends Noted {
  /** The redirect that was answered last, and of which variant. */
  redirect?: {
    readonly info: VariantInfo;
    readonly answer: Answer;
    /** When that was; in milliseconds since 1970. */
    readonly since: number;
    /** When the URL that it leads to is no longer given, in milliseconds since 1970. */
    readonly until: number;
  };
}

interface AnswerCacheDeps extends VariantDeps {
  readonly observe: Observe;
}

export function createAnswerCache(deps: AnswerCacheDeps): AnswerCache {
  const requests = new LRUCache<string, Entry>({
    maxSize: MAX_SIZE,
    sizeCalculation: (_, name) => name.length + ALLOWANCE,
  });
  return {
    note: ({ target, accept }, noted) => {
      const name = noted.request.isNegotiated ? joinName(target, accept) : target;
      if (name !== undefined && !requests.has(name)) requests.set(name, { ...noted });
    },
    answer: (wire) => {
      const { method, target, headers } = wire;
      if (method !== "GET" && method !== "HEAD") return undefined;
      const entry =
        requests.get(target) ?? requests.get(joinName(target, readAccept(headers)) ?? "");
      const answer = entry && answerHit(deps, entry, wire);
      if (answer) deps.observe(HIT);
      return answer;
    },
  };
}

/** No target has a line break. */
function joinName(target: string, accept = ""): string | undefined {
  return accept.length > MAX_ACCEPT ? undefined : `${target}\n${accept}`;
}

function readAccept(headers: WireRequest["headers"]): string | undefined {
  return joinValues(headers["accept"]);
}

function joinValues(value: string | readonly string[] | undefined): string | undefined {
  return value === undefined || typeof value === "string" ? value : value.join(", ");
}

function answerHit(deps: AnswerCacheDeps, entry: Entry, wire: WireRequest): Answer | undefined {
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
  }: WireRequest & { readonly found: Extract<FoundVariant, { kind: "stored" }> },
): Answer | undefined {
  const { request } = entry;
  // a signature is of one method
  const isPlain = method === "GET" && DEPENDED_ON.every((name) => headers[name] === undefined);
  const known = isPlain ? getKnownRedirect(deps, entry, found.info) : undefined;
  if (known) return known;
  const header = (name: string): string | undefined => joinValues(headers[name]);
  const asked = { deps, request, method, header };
  const untagged = answerFromMemory(asked, found);
  const answer = untagged && {
    ...untagged,
    headers: { ...untagged.headers, "cache-tag": entry.cacheTag },
  };
  if (isPlain && answer?.status === 302 && request.expires === undefined) {
    const until = getRedirectEnd(asked, found.info);
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
