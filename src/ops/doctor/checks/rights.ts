import { randomUUID } from "node:crypto";
import {
  GetObjectCommand,
  GetPublicAccessBlockCommand,
  ListObjectsV2Command,
} from "@aws-sdk/client-s3";
import { isImageKey } from "../../../image/input/formats.ts";
import { diagnose } from "../../../store/s3/diagnose.ts";
import { getErrorName, getStatus } from "../../../store/s3/errors.ts";
import type { CheckResult, CheckResults } from "../result.ts";
import { fail, ok, skipped, warn } from "../result.ts";
import type { DoctorTarget, TargetFolder } from "../target.ts";
import { limit } from "../target.ts";
import type { Probe } from "../probe.ts";

const GRANT = "shift-media setup prints the policy to grant";

/** Checks that originals can be read, and that missing keys are reported as missing. */
export async function* checkReading(
  target: DoctorTarget,
  original: string | undefined,
): CheckResults {
  yield await checkOriginal(target, original);
  yield await checkMissing(target, target.originals);
  if (target.originals.bucket !== target.variants.bucket) {
    yield await checkMissing(target, target.variants);
  }
}

/** Finds the key of an image to make a variant of. */
export async function findOriginal({
  client,
  originals,
  variants,
}: DoctorTarget): Promise<string | undefined> {
  const command = new ListObjectsV2Command({
    Bucket: originals.bucket,
    Prefix: originals.prefix,
    MaxKeys: 1000,
  });
  try {
    const { Contents = [] } = await client.send(command, limit());
    const keys = Contents.flatMap(({ Key, Size = 0 }) => (Key && Size > 0 ? [Key] : []));
    const isVariant = (key: string): boolean =>
      originals.bucket === variants.bucket && key.startsWith(variants.prefix);
    return keys.find((key) => isImageKey(key) && !isVariant(key));
  } catch {
    return undefined; // the check of the connection reports it
  }
}

async function checkOriginal(
  { client, originals }: DoctorTarget,
  original: string | undefined,
): Promise<CheckResult> {
  const check = "read originals";
  if (original === undefined) return skipped(check, "there is no image among the first 1000 keys");
  try {
    const command = new GetObjectCommand({
      Bucket: originals.bucket,
      Key: original,
      Range: "bytes=0-0",
    });
    const { Body } = await client.send(command, limit());
    await Body?.transformToByteArray();
    return ok(check, `"${original}" can be read`);
  } catch (error) {
    const { message, problem, remedy } = diagnose(error);
    const grantFix = `grant s3:GetObject on arn:aws:s3:::${originals.bucket}/${originals.prefix}*: ${GRANT}`;
    return fail(
      check,
      `"${original}" cannot be read: ${message}`,
      problem === "denied" ? grantFix : remedy,
    );
  }
}

async function checkMissing(
  { client }: DoctorTarget,
  { bucket, prefix }: TargetFolder,
): Promise<CheckResult> {
  const check = `missing in ${bucket}`;
  const Key = `${prefix}shift-media-doctor-${randomUUID()}`;
  try {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }), limit());
    await Body?.transformToByteArray();
    return fail(
      check,
      "the store returns an object for a key that does not exist",
      "check AWS_ENDPOINT_URL_S3: it is not an S3 server",
    );
  } catch (error) {
    if (getStatus(error) === 404) return ok(check, "a missing key is a 404");
    const { message, remedy } = diagnose(error);
    if (getStatus(error) !== 403) return fail(check, message, remedy);
    const explained = "a missing key is a 403, so that missing originals look forbidden";
    return warn(check, explained, `grant s3:ListBucket on arn:aws:s3:::${bucket}: ${GRANT}`);
  }
}

const UNBLOCK =
  "Ceph refuses every write under BlockPublicAcls: turn it off, or run shift-media setup --apply again with all its options";

/** True when Ceph blocks all writes; only the owner of the bucket can see that. */
async function isBlockedByCeph({ client, endpoint, variants }: DoctorTarget): Promise<boolean> {
  if (/\bamazonaws\.com/.test(endpoint)) return false;
  try {
    const command = new GetPublicAccessBlockCommand({ Bucket: variants.bucket });
    const { PublicAccessBlockConfiguration: access } = await client.send(command, limit());
    return access?.BlockPublicAcls === true;
  } catch {
    return false;
  }
}

/** Writes with and without conditions. @returns true when writes succeed */
export async function* checkWriting(
  target: DoctorTarget,
  probe: Probe,
): AsyncGenerator<CheckResult, boolean> {
  const { bucket, prefix } = target.variants;
  try {
    const etag = await probe.put("probe.png");
    yield etag === ""
      ? fail(
          "write variants",
          "the store sends no ETag for a write",
          "check AWS_ENDPOINT_URL_S3: it is not an S3 server",
        )
      : ok("write variants", `objects can be written below ${prefix}`);
    yield await checkConditions(probe, etag);
    return etag !== "";
  } catch (error) {
    const { problem, message, remedy } = diagnose(error);
    const grant = `grant s3:PutObject on arn:aws:s3:::${bucket}/${prefix}*: ${GRANT}; if it is granted already, a Deny in the bucket policy overrides it`;
    const grantFix = (await isBlockedByCeph(target)) ? UNBLOCK : grant;
    yield fail(
      "write variants",
      `nothing can be written below ${prefix}: ${message}`,
      problem === "denied" ? grantFix : remedy,
    );
    return false;
  }
}

const PLAIN = "nothing to do: the service checks the original and then writes without conditions";

/** Tries writes whose conditions do not hold, and one whose condition does. */
async function checkConditions(probe: Probe, etag: string): Promise<CheckResult> {
  const check = "conditional writes";
  const absent = await tryWrite(() => probe.put("probe.png", { IfNoneMatch: "*" }));
  const other = await tryWrite(() => probe.put("probe.png", { IfMatch: '"0123456789abcdef"' }));
  if (absent === "unsupported" || other === "unsupported") {
    return warn(check, "the store does not support them", PLAIN);
  }
  if (absent === "stored" || other === "stored") {
    const message = `the store ignores ${absent === "stored" ? "If-None-Match" : "If-Match"} on writes`;
    return warn(
      check,
      message,
      "two instances may overwrite each other's variants, which matters only when an original is replaced: prefer a store with conditional writes, and on Ceph a bucket without versions",
    );
  }
  const quoted = await tryWrite(() => probe.put("probe.png", { IfMatch: etag }));
  const bare = etag.replaceAll('"', "");
  const isFine =
    quoted === "stored" ||
    (await tryWrite(() => probe.put("probe.png", { IfMatch: bare }))) === "stored";
  if (absent !== "refused" || other !== "refused" || !isFine) {
    return fail(check, `a write is answered with ${[absent, other, quoted].join(", ")}`, GRANT);
  }
  return ok(check, "the store honours If-None-Match and If-Match");
}

async function tryWrite(write: () => Promise<unknown>): Promise<string> {
  try {
    await write();
    return "stored";
  } catch (error) {
    const status = getStatus(error);
    if (status === 412 || status === 409 || status === 404) return "refused";
    if (status === 501 || status === 400) return "unsupported";
    return getErrorName(error);
  }
}

/** Comes last, because the objects of the other checks are deleted in any case. */
export async function* checkDeleting({ variants }: DoctorTarget, probe: Probe): CheckResults {
  try {
    await probe.remove("probe.png");
    yield ok("delete variants", `objects can be deleted below ${variants.prefix}`);
  } catch (error) {
    const { problem, message, remedy } = diagnose(error);
    const grantFix = `grant s3:DeleteObject on arn:aws:s3:::${variants.bucket}/${variants.prefix}*: ${GRANT}`;
    const explained = `nothing can be deleted below ${variants.prefix}, and ${probe.key("")} is left there: ${message}`;
    yield fail("delete variants", explained, problem === "denied" ? grantFix : remedy);
  }
}
