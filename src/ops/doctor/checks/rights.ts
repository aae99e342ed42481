import { randomUUID } from "node:crypto";
import {
  GetObjectCommand,
  GetPublicAccessBlockCommand,
  ListObjectsV2Command,
} from "@aws-sdk/client-s3";
import { isImageKey } from "../../../image/input/formats.ts";
import { diagnose } from "../../../store/s3/diagnose.ts";
import { getErrorName, getStatus } from "../../../store/s3/errors.ts";
import type { Finding, Findings } from "../result.ts";
import { fail, ok, skipped, warn } from "../result.ts";
import type { Patient, Place } from "../target.ts";
import { limit } from "../target.ts";
import type { Probe } from "../probe.ts";

const GRANT = "shift-media setup prints the policy to grant";

/** What the service reads and says of what is not there. */
export async function* examineReading(patient: Patient, original: string | undefined): Findings {
  yield await checkOriginal(patient, original);
  yield await checkMissing(patient, patient.originals);
  if (patient.originals.bucket !== patient.variants.bucket) {
    yield await checkMissing(patient, patient.variants);
  }
}

/** The key of some image that variants can be made of. */
export async function findOriginal({
  client,
  originals,
  variants,
}: Patient): Promise<string | undefined> {
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
    return undefined; // that listing fails is said elsewhere
  }
}

async function checkOriginal(
  { client, originals }: Patient,
  original: string | undefined,
): Promise<Finding> {
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
    const { message: says, problem, remedy } = diagnose(error);
    const cure = `grant s3:GetObject on arn:aws:s3:::${originals.bucket}/${originals.prefix}*: ${GRANT}`;
    return fail(
      check,
      `"${original}" cannot be read: ${says}`,
      problem === "denied" ? cure : remedy,
    );
  }
}

async function checkMissing({ client }: Patient, { bucket, prefix }: Place): Promise<Finding> {
  const check = `missing in ${bucket}`;
  const Key = `${prefix}shift-media-doctor-${randomUUID()}`;
  try {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }), limit());
    await Body?.transformToByteArray();
    return fail(
      check,
      "a key that nobody has gives an object",
      "check AWS_ENDPOINT_URL_S3: it is no S3",
    );
  } catch (error) {
    if (getStatus(error) === 404) return ok(check, "what is missing is a 404");
    const { message: says, remedy } = diagnose(error);
    if (getStatus(error) !== 403) return fail(check, says, remedy);
    const words = "what is missing is a 403, as if it were forbidden";
    return warn(check, words, `grant s3:ListBucket on arn:aws:s3:::${bucket}: ${GRANT}`);
  }
}

const UNBLOCK =
  "turn BlockPublicAcls off, under which Ceph refuses every write: shift-media setup --apply does, with all options that it had before";

/** Only the owner is told; anybody else is told what else it could be. */
async function isBlockedByCeph({ client, endpoint, variants }: Patient): Promise<boolean> {
  if (/\bamazonaws\.com/.test(endpoint)) return false;
  try {
    const command = new GetPublicAccessBlockCommand({ Bucket: variants.bucket });
    const { PublicAccessBlockConfiguration: access } = await client.send(command, limit());
    return access?.BlockPublicAcls === true;
  } catch {
    return false;
  }
}

/** Writes with and without conditions. @returns whether anything can be written */
export async function* examineWriting(
  patient: Patient,
  probe: Probe,
): AsyncGenerator<Finding, boolean> {
  const { bucket, prefix } = patient.variants;
  try {
    const etag = await probe.put("probe.png");
    yield etag === ""
      ? fail(
          "write variants",
          "the store does not say what it has stored",
          "check AWS_ENDPOINT_URL_S3: it is no S3",
        )
      : ok("write variants", `objects can be written below ${prefix}`);
    yield await checkConditions(probe, etag);
    return etag !== "";
  } catch (error) {
    const { problem, message: says, remedy } = diagnose(error);
    const grant = `grant s3:PutObject on arn:aws:s3:::${bucket}/${prefix}*: ${GRANT}; where it is granted, some Deny in the policy of the bucket is stronger: let it except the service`;
    const cure = (await isBlockedByCeph(patient)) ? UNBLOCK : grant;
    yield fail(
      "write variants",
      `nothing can be written below ${prefix}: ${says}`,
      problem === "denied" ? cure : remedy,
    );
    return false;
  }
}

const PLAIN = "nothing to do: the service then writes plainly, and asks for the original before";

/** A second write that must not happen, one that must, and one of an ETag that is not there. */
async function checkConditions(probe: Probe, etag: string): Promise<Finding> {
  const check = "conditional writes";
  const absent = await outcomeOf(() => probe.put("probe.png", { IfNoneMatch: "*" }));
  const other = await outcomeOf(() => probe.put("probe.png", { IfMatch: '"0123456789abcdef"' }));
  if (absent === "unsupported" || other === "unsupported") {
    return warn(check, "the store lacks them", PLAIN);
  }
  if (absent === "stored" || other === "stored") {
    const says = `the store ignores ${absent === "stored" ? "If-None-Match" : "If-Match"} on writes`;
    return warn(
      check,
      says,
      "two instances may write the same variant, which is harmless but for a replaced original; prefer a store that knows conditions, and on Ceph a bucket without versions",
    );
  }
  const quoted = await outcomeOf(() => probe.put("probe.png", { IfMatch: etag }));
  const bare = etag.replaceAll('"', "");
  const isFine =
    quoted === "stored" ||
    (await outcomeOf(() => probe.put("probe.png", { IfMatch: bare }))) === "stored";
  if (absent !== "refused" || other !== "refused" || !isFine) {
    return fail(check, `a write is answered with ${[absent, other, quoted].join(", ")}`, GRANT);
  }
  return ok(check, "If-None-Match and If-Match hold");
}

async function outcomeOf(write: () => Promise<unknown>): Promise<string> {
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

/** Last, since what was written is to go in any case. */
export async function* examineDeleting({ variants }: Patient, probe: Probe): Findings {
  try {
    await probe.remove("probe.png");
    yield ok("delete variants", `objects can be deleted below ${variants.prefix}`);
  } catch (error) {
    const { problem, message: says, remedy } = diagnose(error);
    const cure = `grant s3:DeleteObject on arn:aws:s3:::${variants.bucket}/${variants.prefix}*: ${GRANT}`;
    const words = `nothing can be deleted below ${variants.prefix}, ${probe.key("")} is left there: ${says}`;
    yield fail("delete variants", words, problem === "denied" ? cure : remedy);
  }
}
