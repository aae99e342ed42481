import { GetObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { diagnose } from "../../../store/s3/diagnose.ts";
import { encodeKey } from "../../../url/percent.ts";
import type { Finding, Findings } from "../result.ts";
import { fail, ok, skipped, warn } from "../result.ts";
import type { Patient } from "../target.ts";
import { limit } from "../target.ts";
import type { Probe } from "../probe.ts";
import { checkPresigned } from "./presigned.ts";
import { createProbe, PROBE_TYPE } from "../probe.ts";
import { examineDeleting, examineWriting } from "./rights.ts";
import type { WebAnswer } from "../web.ts";
import { ask, follow, printWay } from "../web.ts";

/** Characters that stores, proxies and URLs treat each in a way of their own. */
const ODD_NAMES: Readonly<Record<string, string>> = {
  space: "a b.png",
  plus: "a+b.png",
  percent: "a%20b%2Fc.png",
  unicode: "äöü-日本-😀.png",
  quotes: `it's "(so)".png`,
};

/** Everything that takes objects of our own; they are gone afterwards, whatever happens. */
export async function* examineObjects(patient: Patient): Findings {
  const probe = createProbe(patient);
  try {
    const canWrite = yield* examineWriting(patient, probe);
    if (!canWrite) {
      yield skipped("keys", "not tried, as nothing can be written");
      return;
    }
    yield await checkKeys(patient, probe);
    yield* examineOutside(patient, probe);
    yield* examineDeleting(patient, probe);
  } finally {
    await probe.clear();
  }
}

/** What visitors get who are redirected. */
async function* examineOutside(patient: Patient, probe: Probe): Findings {
  const { publicUrl, presign } = patient;
  if (publicUrl !== undefined) yield* examinePublicUrl(patient, probe, publicUrl);
  else if (!presign) {
    yield skipped(
      "public URL",
      "there is no PUBLIC_URL: the service answers with the bytes itself",
    );
  }
  if (presign) yield await checkPresigned(patient, probe, presign);
}

async function checkKeys({ client, variants }: Patient, probe: Probe): Promise<Finding> {
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
      if (!bytes || !probe.bytesOf(name).equals(bytes)) broken.push(what);
      else if (isListed === false) broken.push(`${what} (in listings)`);
    } catch (error) {
      broken.push(`${what} (${diagnose(error).message})`);
    }
  }
  if (broken.length === 0) {
    return ok(check, `${Object.keys(ODD_NAMES).join(", ")} in keys are kept as they are`);
  }
  const says = `keys do not come back as they were written: ${broken.join(", ")}`;
  return fail(
    check,
    says,
    "a proxy before the store changes paths: let it pass them on undecoded, or keep such names out",
  );
}

async function* examinePublicUrl(patient: Patient, probe: Probe, publicUrl: string): Findings {
  const url = `${publicUrl}/${encodeKey(probe.key("probe.png"))}`;
  try {
    const { hops, answer } = await follow(`${url}?v=1`);
    if (answer === undefined) {
      yield fail("public URL", `it is redirected in a circle: ${printWay(hops)}`, LOOP);
      return;
    }
    yield checkServed(patient, probe, answer);
    if (answer.status !== 200) return;
    yield checkHeaders(patient, answer);
    yield checkCors(await ask(hops.at(-1) ?? url, { origin: "https://www.example.com" }));
    yield await checkPublicKeys(probe, publicUrl);
  } catch (error) {
    const says = `PUBLIC_URL cannot be reached: ${error instanceof Error ? error.message : ""}`;
    yield fail("public URL", says, `check PUBLIC_URL=${publicUrl}, its DNS and its certificate`);
  }
}

const LOOP =
  "PUBLIC_URL must lead to the bucket or a CDN before it, and the bucket's website to the service (setup --website --service), which must not be PUBLIC_URL itself";

function checkServed({ variants }: Patient, probe: Probe, { status, bytes }: WebAnswer): Finding {
  const check = "public URL";
  if (status === 200 && bytes.equals(probe.bytesOf("probe.png"))) {
    return ok(check, "what is written is what everybody gets there");
  }
  if (status === 200) {
    return fail(
      check,
      "it answers with other bytes than were written",
      "check that PUBLIC_URL leads to the bucket of variants, and to the root of it",
    );
  }
  if (status === 403 || status === 401) {
    const says = `${status}: nobody may read variants there: the policy is missing, Block Public Access overrules it, or PUBLIC_URL leads to another bucket`;
    return fail(
      check,
      says,
      "shift-media setup --access public --apply, or --access cdn where a CDN stands before it",
    );
  }
  const says = `${status} for an object that is there`;
  const remedy = `check that PUBLIC_URL leads to the bucket "${variants.bucket}", and to the root of it`;
  return fail(check, says, remedy);
}

function checkHeaders({ cacheControl }: Patient, { headers }: WebAnswer): Finding {
  const check = "public headers";
  const type = headers.get("content-type") ?? "none";
  const cache = headers.get("cache-control") ?? "none";
  if (type.split(";")[0] !== PROBE_TYPE) {
    return fail(
      check,
      `Content-Type is ${type}, and was written as ${PROBE_TYPE}`,
      "let the CDN or proxy pass the Content-Type of objects on",
    );
  }
  if (cache === cacheControl)
    return ok(check, "Content-Type and Cache-Control are those of the object");
  const says = `Cache-Control is "${cache}", and was written as "${cacheControl}"`;
  return warn(
    check,
    says,
    "let the CDN keep the Cache-Control of the origin: browsers ask again for each image otherwise",
  );
}

function checkCors({ headers }: WebAnswer): Finding {
  const check = "CORS";
  const allowed = headers.get("access-control-allow-origin");
  if (allowed !== null) return ok(check, `pages of ${allowed} may read pixels`);
  const says = "pages of other origins may show images, and not read their pixels (canvas, fetch)";
  return warn(
    check,
    says,
    "if they are to: shift-media setup --apply; behind CloudFront also forward Origin",
  );
}

async function checkPublicKeys(probe: Probe, publicUrl: string): Promise<Finding> {
  const check = "public keys";
  const broken: string[] = [];
  for (const [what, name] of Object.entries(ODD_NAMES)) {
    if (probe.bytesOf(name).length === 0) continue;
    const { status, bytes } = await ask(`${publicUrl}/${encodeKey(probe.key(name))}`);
    if (status !== 200 || !bytes.equals(probe.bytesOf(name))) broken.push(`${what} (${status})`);
  }
  if (broken.length === 0) return ok(check, "odd keys can be fetched there, too");
  const remedy =
    "let the CDN or proxy pass the path on as it is, neither decoded nor encoded again";
  return fail(check, `keys that cannot be fetched there: ${broken.join(", ")}`, remedy);
}
