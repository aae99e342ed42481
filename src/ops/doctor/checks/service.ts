import { setTimeout as pause } from "node:timers/promises";
import { encodeVariantKey } from "../../../url/variant-key.ts";
import type { CheckResult, CheckResults } from "../result.ts";
import { fail, ok, skipped, warn } from "../result.ts";
import type { WebAnswer } from "../web.ts";
import { ask, followRedirects, printHops } from "../web.ts";

/** A running service, and a path to request from it. */
export interface RunningService {
  /** Without a slash at its end. */
  readonly url: string;
  readonly basePath: string;
  readonly publicUrl: string | undefined;
  /** Path of a variant that the policy allows, of an original that exists; signed if necessary. */
  readonly path: string | undefined;
}

/** Milliseconds until a new variant must be in the bucket, and between two looks. */
const STORED_MS = 10_000;
const LOOK_MS = 250;

/** Requests one variant as visitors do, and then looks for it in the bucket. */
export async function* checkService(service: RunningService): CheckResults {
  const { url, path } = service;
  const ready = await checkReady(url);
  yield ready;
  if (ready.status === "fail") return;
  if (path === undefined) {
    yield skipped(
      "a variant",
      "there is no original, or the policy allows no transform without a signature",
    );
    return;
  }
  try {
    const { hops, answer } = await followRedirects(url + path);
    yield checkMade(hops, answer);
    if (answer?.status !== 200) return;
    yield await checkStored(service, path);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    yield fail("a variant", message, "read the log of the service");
  }
}

async function checkReady(url: string): Promise<CheckResult> {
  const check = "service";
  try {
    const { status, headers } = await ask(`${url}/readyz`);
    const isHtml = headers.get("content-type")?.includes("html") === true;
    if (status === 200 && !isHtml) return ok(check, `${url} is ready`);
    if (status === 503)
      return fail(
        check,
        "it is not ready",
        "read the log of the service: it names the problem of the store",
      );
    return fail(
      check,
      `something else than shift-media answers at ${url} (${status})`,
      "check --service: the URL of the service, without BASE_PATH",
    );
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return fail(
      check,
      message,
      "check that the service runs, that --service is its URL, and that HOST is 0.0.0.0 if it runs elsewhere",
    );
  }
}

function checkMade(hops: readonly string[], answer: WebAnswer | undefined): CheckResult {
  const check = "a variant";
  if (answer === undefined) {
    const fix = "set PUBLIC_URL to the bucket or a CDN in front of it, not to the service";
    return fail(check, `redirects loop: ${printHops(hops)}`, fix);
  }
  const { status, headers, bytes } = answer;
  const type = headers.get("content-type") ?? "";
  if (status !== 200) {
    const message = `${status} from ${printHops(hops)}: ${bytes.toString().slice(0, 200).trim()}`;
    return fail(check, message, chooseFix(status, hops));
  }
  if (/^(?:image\/|application\/json)/.test(type)) {
    return ok(check, `${bytes.length} bytes of ${type}, by ${hops.length - 1} redirects`);
  }
  return fail(
    check,
    `the answer is ${type || "without a type"}, not an image`,
    "check --service: something else answers in place of the service",
  );
}

function chooseFix(status: number, hops: readonly string[]): string {
  if (hops.length > 1)
    return "the target of the redirect is not public: fix the checks of the public URL first";
  const isBadOriginal = status === 415 || status === 422;
  return isBadOriginal
    ? "the original is the problem: name another one with --original"
    : "read the log of the service";
}

/** Compares the stored variant at the public URL with the answer of the service. */
async function checkStored(
  { url, basePath, publicUrl }: RunningService,
  path: string,
): Promise<CheckResult> {
  const check = "the same from the bucket";
  const key = await findStoredKey(`${url}${path}`);
  if (key === undefined) return skipped(check, "the service does not answer ?explain");
  if (publicUrl === undefined) return skipped(check, "PUBLIC_URL is not set");
  const stored = encodeVariantKey(key);
  const deadline = performance.now() + STORED_MS;
  for (;;) {
    const there = await ask(`${publicUrl}/${stored}`);
    if (there.status === 200) {
      const { bytes } = await ask(`${url}${basePath}/${stored}`);
      if (bytes.equals(there.bytes)) return ok(check, "PUBLIC_URL has the same bytes");
      return fail(
        check,
        "PUBLIC_URL has other bytes than the service",
        "purge the CDN, and add v to its cache key",
      );
    }
    if (performance.now() > deadline) {
      const message = `PUBLIC_URL answers ${there.status} for a variant that the service has made`;
      return fail(
        check,
        message,
        "read the log of the service for writes that failed, and fix the checks of the bucket first",
      );
    }
    await pause(LOOK_MS);
  }
}

async function findStoredKey(url: string): Promise<string | undefined> {
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

/** Requests one URL as two browsers: a cache that ignores Accept gives one of them a format that it cannot show. */
export async function* checkCdn(cdn: string, autoPath: string | undefined): CheckResults {
  const check = "f_auto through the CDN";
  if (autoPath === undefined) {
    yield skipped(check, "there is no original, or the policy does not allow f_auto");
    return;
  }
  const types: string[][] = [];
  try {
    // twice, because the first request may only fill the cache
    for (let round = 0; round < 2; round += 1) {
      for (const accept of BROWSERS) {
        const answer = await ask(cdn + autoPath, { accept });
        if (answer.status >= 300 && answer.status < 400) {
          yield warn(
            check,
            "the service answers the CDN with redirects, which it passes on to browsers",
            "set DELIVERY=stream",
          );
          return;
        }
        if (answer.status !== 200) {
          yield fail(
            check,
            `${answer.status} from the CDN`,
            "check --cdn, and that the origin of the CDN is the service",
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
  yield* checkMotion(types);
}

/** Says what a CDN cannot know, where it matters. */
function* checkMotion(types: readonly (readonly string[])[]): Generator<CheckResult> {
  if (!types.some(([, type]) => type === "image/avif")) return;
  const limit =
    "where the bucket answers first, the AVIF of an animated WebP under f_auto is its first frame; AUTO_FORMATS=webp keeps it moving";
  yield ok("animations through the CDN", limit);
}

function judgeTypes(types: readonly (readonly string[])[]): CheckResult {
  const check = "f_auto through the CDN";
  const [modern, old] = BROWSERS.map(
    (accept) => new Set(types.filter(([asked]) => asked === accept).map(([, type]) => type)),
  );
  const seen = `modern browsers got ${[...(modern ?? [])].join(", ")}, others ${[...(old ?? [])].join(", ")}`;
  const isWrong = [...(old ?? [])].some((type) => type === "image/avif" || type === "image/webp");
  if (!isWrong && [...(modern ?? [])].every((type) => !old?.has(type))) return ok(check, seen);
  const fix =
    "add a normalised Accept to the cache key (docs/deploy), or name formats in pages (<picture>)";
  return fail(check, seen, fix);
}
