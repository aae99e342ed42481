import { GetObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { diagnose } from "../../../store/s3/diagnose.ts";
import { encodeKey } from "../../../url/percent.ts";
import type { CheckResult, CheckResults } from "../result.ts";
import { fail, ok, skipped, warn } from "../result.ts";
import type { DoctorTarget } from "../target.ts";
import { limit } from "../target.ts";
import type { Probe } from "../probe.ts";
import { checkPresigned } from "./presigned.ts";
import { createProbe, PROBE_TYPE } from "../probe.ts";
import { checkDeleting, checkWriting } from "./rights.ts";
import type { WebAnswer } from "../web.ts";
import { ask, followRedirects, printHops } from "../web.ts";

/** Keys with characters that stores, proxies and URLs often change. */
const ODD_NAMES: Readonly<Record<string, string>> = {
  space: "a b.png",
  plus: "a+b.png",
  percent: "a%20b%2Fc.png",
  unicode: "äöü-日本-😀.png",
  quotes: `it's "(so)".png`,
};

/** Runs all checks that write objects, and deletes these objects in any case. */
export async function* checkObjects(target: DoctorTarget): CheckResults {
  const probe = createProbe(target);
  try {
    const canWrite = yield* checkWriting(target, probe);
    if (!canWrite) {
      yield skipped("keys", "not checked, because no object can be written");
      return;
    }
    yield await checkKeys(target, probe);
    yield* checkVisitors(target, probe);
    yield* checkDeleting(target, probe);
  } finally {
    await probe.clear();
  }
}

/** Checks the URLs that visitors are redirected to. */
async function* checkVisitors(target: DoctorTarget, probe: Probe): CheckResults {
  const { publicUrl, presign } = target;
  if (publicUrl !== undefined) yield* checkPublicUrl(target, probe, publicUrl);
  else if (!presign) {
    yield skipped("public URL", "PUBLIC_URL is not set: the service streams variants itself");
  }
  if (presign) yield await checkPresigned(target, probe, presign);
}

async function checkKeys({ client, variants }: DoctorTarget, probe: Probe): Promise<CheckResult> {
  const check = "keys";
  const Bucket = variants.bucket;
  const broken: string[] = [];
  for (const [what, name] of Object.entries(ODD_NAMES)) {
    try {
      await probe.put(name);
      const get = new GetObjectCommand({ Bucket, Key: probe.key(name) });
      const { Body } = await client.send(get, limit());
      const bytes = await Body?.transformToByteArray();
      const list = new ListObjectsV2Command({ Bucket, Prefix: probe.key(name) });
      const { Contents } = await client.send(list, limit());
      const isListed = Contents?.some(({ Key }) => Key === probe.key(name));
      if (!bytes || !probe.getBytes(name).equals(bytes)) broken.push(what);
      else if (isListed === false) broken.push(`${what} (in listings)`);
    } catch (error) {
      broken.push(`${what} (${diagnose(error).message})`);
    }
  }
  if (broken.length === 0) {
    return ok(check, `the store preserves ${Object.keys(ODD_NAMES).join(", ")} in keys`);
  }
  const message = `the store, or a proxy before it, changes keys with ${broken.join(", ")}`;
  return fail(check, message, "let the proxy pass paths on undecoded, or do not use such keys");
}

async function* checkPublicUrl(
  target: DoctorTarget,
  probe: Probe,
  publicUrl: string,
): CheckResults {
  const url = `${publicUrl}/${encodeKey(probe.key("probe.png"))}`;
  try {
    const { hops, answer } = await followRedirects(`${url}?v=1`);
    if (answer === undefined) {
      yield fail("public URL", `redirects loop: ${printHops(hops)}`, LOOP);
      return;
    }
    yield checkServed(target, probe, answer);
    if (answer.status !== 200) return;
    yield checkHeaders(target, answer);
    yield checkCors(await ask(hops.at(-1) ?? url, { origin: "https://www.example.com" }));
    yield await checkPublicKeys(probe, publicUrl);
  } catch (error) {
    const message = `PUBLIC_URL cannot be reached: ${error instanceof Error ? error.message : ""}`;
    yield fail("public URL", message, `check PUBLIC_URL=${publicUrl}, its DNS and its certificate`);
  }
}

const LOOP =
  "set PUBLIC_URL to the bucket or a CDN in front of it, and redirect missing variants to the service itself: shift-media setup --website --service URL";

function checkServed(
  { variants }: DoctorTarget,
  probe: Probe,
  { status, bytes }: WebAnswer,
): CheckResult {
  const check = "public URL";
  if (status === 200 && bytes.equals(probe.getBytes("probe.png"))) {
    return ok(check, "everybody gets the bytes that were written");
  }
  if (status === 200) {
    return fail(
      check,
      "it answers with other bytes than were written",
      "set PUBLIC_URL to the root of the bucket of variants",
    );
  }
  if (status === 403 || status === 401) {
    const message = `${status}: visitors may not read variants: the policy is missing, Block Public Access overrides it, or PUBLIC_URL is another bucket`;
    return fail(
      check,
      message,
      "run shift-media setup --access public --apply, or --access cdn behind CloudFront",
    );
  }
  const message = `${status} for an object that exists`;
  const fix = `set PUBLIC_URL to the root of the bucket "${variants.bucket}"`;
  return fail(check, message, fix);
}

function checkHeaders({ cacheControl }: DoctorTarget, { headers }: WebAnswer): CheckResult {
  const check = "public headers";
  const type = headers.get("content-type") ?? "none";
  const cache = headers.get("cache-control") ?? "none";
  if (type.split(";")[0] !== PROBE_TYPE) {
    return fail(
      check,
      `Content-Type is ${type}, but was written as ${PROBE_TYPE}`,
      "let the CDN or proxy pass on the Content-Type of objects",
    );
  }
  if (cache === cacheControl) return ok(check, "Content-Type and Cache-Control arrive unchanged");
  const message = `Cache-Control is "${cache}", but was written as "${cacheControl}"`;
  return warn(
    check,
    message,
    "let the CDN pass on the Cache-Control of objects: otherwise browsers request each image again",
  );
}

function checkCors({ headers }: WebAnswer): CheckResult {
  const check = "CORS";
  const allowed = headers.get("access-control-allow-origin");
  if (allowed !== null) return ok(check, `pages of ${allowed} may read pixels`);
  const message =
    "pages of other origins may show images, but not read their pixels (canvas, fetch)";
  return warn(
    check,
    message,
    "if pages need that: run shift-media setup --apply; behind CloudFront also forward Origin",
  );
}

async function checkPublicKeys(probe: Probe, publicUrl: string): Promise<CheckResult> {
  const check = "public keys";
  const broken: string[] = [];
  for (const [what, name] of Object.entries(ODD_NAMES)) {
    if (probe.getBytes(name).length === 0) continue;
    const { status, bytes } = await ask(`${publicUrl}/${encodeKey(probe.key(name))}`);
    if (status !== 200 || !bytes.equals(probe.getBytes(name))) broken.push(`${what} (${status})`);
  }
  if (broken.length === 0) return ok(check, "unusual keys can be fetched at PUBLIC_URL, too");
  const fix = "let the CDN or proxy pass the path on unchanged, neither decoded nor encoded";
  return fail(check, `keys that cannot be fetched at PUBLIC_URL: ${broken.join(", ")}`, fix);
}
