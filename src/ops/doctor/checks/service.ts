import { setTimeout as pause } from "node:timers/promises";
import { encodeVariantKey } from "../../../url/variant-key.ts";
import type { Finding, Findings } from "../result.ts";
import { fail, ok, skipped, warn } from "../result.ts";
import type { WebAnswer } from "../web.ts";
import { ask, follow, printWay } from "../web.ts";

/** A running service, and something that may be asked of it. */
export interface RunningService {
  /** Without a slash at its end. */
  readonly url: string;
  readonly basePath: string;
  readonly publicUrl: string | undefined;
  /** The path of a variant that it may be asked for, of an original that is there; signed where it has to be. */
  readonly path: string | undefined;
}

const KEPT_MS = 10_000;
const LOOK_MS = 250;

/** Asks for one variant as visitors do, and looks where it comes from afterwards. */
export async function* examineService(service: RunningService): Findings {
  const { url, path } = service;
  const ready = await checkReady(url);
  yield ready;
  if (ready.status === "fail") return;
  if (path === undefined) {
    yield skipped("a variant", "there is no original, or no transform that may be asked for");
    return;
  }
  try {
    const { hops, answer } = await follow(url + path);
    yield checkMade(hops, answer);
    if (answer?.status !== 200) return;
    yield await checkKept(service, path);
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error);
    yield fail("a variant", says, "see the log of the service");
  }
}

async function checkReady(url: string): Promise<Finding> {
  const check = "service";
  try {
    const { status, headers } = await ask(`${url}/readyz`);
    const isHtml = headers.get("content-type")?.includes("html") === true;
    if (status === 200 && !isHtml) return ok(check, `${url} is ready`);
    if (status === 503)
      return fail(check, "it is not ready", "see its log: it says what the store refuses");
    return fail(
      check,
      `what answers at ${url} is not shift-media (${status})`,
      "check --service; it is without BASE_PATH",
    );
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error);
    return fail(
      check,
      says,
      "check --service, that the service runs, and that HOST lets others in (0.0.0.0)",
    );
  }
}

function checkMade(hops: readonly string[], answer: WebAnswer | undefined): Finding {
  const check = "a variant";
  if (answer === undefined) {
    const remedy = "PUBLIC_URL must lead to the bucket, and never back to the service's redirects";
    return fail(check, `it is redirected in a circle: ${printWay(hops)}`, remedy);
  }
  const { status, headers, bytes } = answer;
  const type = headers.get("content-type") ?? "";
  if (status !== 200) {
    const says = `${status} from ${printWay(hops)}: ${bytes.toString().slice(0, 200).trim()}`;
    return fail(check, says, cureOf(status, hops));
  }
  if (/^(?:image\/|application\/json)/.test(type)) {
    return ok(check, `${bytes.length} bytes of ${type}, by ${hops.length - 1} redirects`);
  }
  return fail(
    check,
    `it is ${type || "of no type"}`,
    "something stands before the service and answers in its place",
  );
}

function cureOf(status: number, hops: readonly string[]): string {
  if (hops.length > 1) return "what the service redirects to is not public: see above";
  const isOfOriginal = status === 415 || status === 422;
  return isOfOriginal
    ? "that original is at fault: name another one with --original"
    : "see the log of the service";
}

/** The stored form is answered with its bytes by the service, and by where it is public. */
async function checkKept(
  { url, basePath, publicUrl }: RunningService,
  path: string,
): Promise<Finding> {
  const check = "the same from the bucket";
  const key = await storedKey(`${url}${path}`);
  if (key === undefined)
    return skipped(check, "the service does not explain what it stores (?explain)");
  if (publicUrl === undefined) return skipped(check, "there is no PUBLIC_URL");
  const stored = encodeVariantKey(key);
  const deadline = performance.now() + KEPT_MS;
  for (;;) {
    const there = await ask(`${publicUrl}/${stored}`);
    if (there.status === 200) {
      const { bytes } = await ask(`${url}${basePath}/${stored}`);
      if (bytes.equals(there.bytes)) return ok(check, "PUBLIC_URL has it, byte by byte");
      return fail(
        check,
        "PUBLIC_URL has other bytes than the service",
        "purge the CDN; v must be in its cache key",
      );
    }
    if (performance.now() > deadline) {
      const says = `PUBLIC_URL answers ${there.status} for what the service has made and kept`;
      return fail(
        check,
        says,
        'see its log for "could not be kept", and the checks of the bucket above',
      );
    }
    await pause(LOOK_MS);
  }
}

async function storedKey(url: string): Promise<string | undefined> {
  const { status, bytes } = await ask(`${url}?explain`);
  if (status !== 200) return undefined;
  try {
    const { variantKey } = JSON.parse(bytes.toString()) as { readonly variantKey?: unknown };
    return typeof variantKey === "string" ? variantKey : undefined;
  } catch {
    return undefined;
  }
}

const BROWSERS: readonly string[] = ["image/avif,image/webp,*/*", "image/*,*/*;q=0.5"];

/** One URL, two browsers: a cache that does not tell them apart gives one of them what it cannot show. */
export async function* examineCdn(cdn: string, autoPath: string | undefined): Findings {
  const check = "f_auto through the CDN";
  if (autoPath === undefined) {
    yield skipped(check, "there is no original, or f_auto may not be asked for");
    return;
  }
  const types: string[][] = [];
  try {
    // each twice: the first may be what fills the cache
    for (let round = 0; round < 2; round += 1) {
      for (const accept of BROWSERS) {
        const answer = await ask(cdn + autoPath, { accept });
        if (answer.status >= 300 && answer.status < 400) {
          yield warn(
            check,
            "the service redirects through the CDN, which passes that on to browsers",
            "DELIVERY=stream, or auto and a CDN that sends Via",
          );
          return;
        }
        if (answer.status !== 200) {
          yield fail(
            check,
            `${answer.status} from the CDN`,
            "check --cdn, and that its origin is the service",
          );
          return;
        }
        types.push([accept, answer.headers.get("content-type") ?? "none"]);
      }
    }
  } catch (error) {
    yield fail(check, error instanceof Error ? error.message : String(error), "check --cdn");
    return;
  }
  yield judgeTypes(types);
}

function judgeTypes(types: readonly (readonly string[])[]): Finding {
  const check = "f_auto through the CDN";
  const [modern, old] = BROWSERS.map(
    (accept) => new Set(types.filter(([asked]) => asked === accept).map(([, type]) => type)),
  );
  const seen = `modern browsers got ${[...(modern ?? [])].join(", ")}, others ${[...(old ?? [])].join(", ")}`;
  const isWrong = [...(old ?? [])].some((type) => type === "image/avif" || type === "image/webp");
  if (!isWrong && [...(modern ?? [])].every((type) => !old?.has(type))) return ok(check, seen);
  const remedy =
    "put a normalised Accept into the cache key (docs/deploy), or let pages name formats (<picture>)";
  return fail(check, seen, remedy);
}
