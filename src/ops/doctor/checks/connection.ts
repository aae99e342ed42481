import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import type { StoreProblem } from "../../../store/s3/problems.ts";
import { diagnose, NotS3 } from "../../../store/s3/diagnose.ts";
import type { Finding, Findings } from "../result.ts";
import { fail, ok, skipped, warn } from "../result.ts";
import type { Patient, Place } from "../target.ts";
import { limit } from "../target.ts";
import { ask } from "../web.ts";

/** What S3 refuses with, and what is worth saying before that. */
const REFUSED_SECONDS = 15 * 60;
const ODD_SECONDS = 60;

/** Whether S3 answers there, lets us in, and lists. @returns whether more can be asked of it */
export async function* examineConnection(patient: Patient): AsyncGenerator<Finding, boolean> {
  yield await checkClock(patient);
  const { originals, variants } = patient;
  const isOne = originals.bucket === variants.bucket;
  const places = isOne && originals.prefix === "" ? [variants] : [originals, variants];
  let canGoOn = true;
  for (const place of places) {
    const { finding, isFatal } = await checkList(patient, place);
    yield finding;
    if (isFatal) canGoOn = false;
  }
  return canGoOn;
}

/** The SDK puts a wrong clock right by itself, and signed URLs and other tools do not. */
async function checkClock({ endpoint }: Patient): Promise<Finding> {
  const check = "clock";
  try {
    const { headers } = await ask(endpoint);
    const server = Date.parse(headers.get("date") ?? "");
    if (Number.isNaN(server)) return skipped(check, "the store does not say what time it is");
    const seconds = Math.round((Date.now() - server) / 1000);
    const off = `this machine is ${printSpan(Math.abs(seconds))} ${seconds < 0 ? "behind" : "ahead of"} the store`;
    const remedy =
      "set the clock: timedatectl set-ntp true, or restart the virtual machine that slept";
    if (Math.abs(seconds) >= REFUSED_SECONDS) return fail(check, off, remedy);
    if (Math.abs(seconds) >= ODD_SECONDS) return warn(check, off, remedy);
    return ok(check, "the same time here as there");
  } catch (error) {
    return skipped(check, error instanceof Error ? error.message : String(error));
  }
}

function printSpan(seconds: number): string {
  return seconds < 120 ? `${seconds} seconds` : `${Math.round(seconds / 60)} minutes`;
}

/** What makes everything after it fail in the same way. */
const PASSING: ReadonlySet<StoreProblem> = new Set(["denied", "unsupported"]);

interface Listed {
  readonly finding: Finding;
  readonly isFatal: boolean;
}

async function checkList({ client }: Patient, { bucket, prefix }: Place): Promise<Listed> {
  const check = `list ${bucket}`;
  try {
    const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1 });
    const { Name, KeyCount } = await client.send(command, limit());
    if (Name === undefined && KeyCount === undefined) throw new NotS3("no listing");
    return { finding: ok(check, `bucket "${bucket}" is there and can be listed`), isFatal: false };
  } catch (error) {
    const { problem, message: says, remedy } = diagnose(error);
    const isFatal = !PASSING.has(problem);
    if (problem !== "denied") return { finding: fail(check, says, remedy), isFatal };
    const words = `bucket "${bucket}" may not be listed: missing keys look forbidden, and neither warm-up by prefix nor purges work`;
    const grant = `grant s3:ListBucket on arn:aws:s3:::${bucket}: shift-media setup prints the policy`;
    return { finding: fail(check, words, grant), isFatal };
  }
}

/** One line for all that was not tried. */
export async function* skipStore(): Findings {
  yield skipped("objects", "not tried, as the store cannot be used as it is");
}
