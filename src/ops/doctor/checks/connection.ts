import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import type { StoreProblem } from "../../../store/s3/problems.ts";
import { diagnose, NotS3 } from "../../../store/s3/diagnose.ts";
import type { CheckResult, CheckResults } from "../result.ts";
import { fail, ok, skipped, warn } from "../result.ts";
import type { DoctorTarget, TargetFolder } from "../target.ts";
import { limit } from "../target.ts";
import { ask } from "../web.ts";

/** Clock differences in seconds: S3 refuses requests from the first on, the second is worth a warning. */
const REFUSED_SECONDS = 15 * 60;
const ODD_SECONDS = 60;

/** Checks the clock, and lists the buckets. @returns true when further checks make sense */
export async function* checkConnection(target: DoctorTarget): AsyncGenerator<CheckResult, boolean> {
  yield await checkClock(target);
  const { originals, variants } = target;
  const isOne = originals.bucket === variants.bucket;
  const folders = isOne && originals.prefix === "" ? [variants] : [originals, variants];
  let isUsable = true;
  for (const folder of folders) {
    const { result, isFatal } = await checkList(target, folder);
    yield result;
    if (isFatal) isUsable = false;
  }
  return isUsable;
}

/** The SDK corrects a wrong clock by itself; signed URLs and other tools fail. */
async function checkClock({ endpoint }: DoctorTarget): Promise<CheckResult> {
  const check = "clock";
  try {
    const { headers } = await ask(endpoint);
    const server = Date.parse(headers.get("date") ?? "");
    if (Number.isNaN(server)) return skipped(check, "the store sends no Date");
    const seconds = Math.round((Date.now() - server) / 1000);
    const off = `this machine is ${printSpan(Math.abs(seconds))} ${seconds < 0 ? "behind" : "ahead of"} the store`;
    const remedy =
      "set the clock: timedatectl set-ntp true, or restart a virtual machine that was suspended";
    if (Math.abs(seconds) >= REFUSED_SECONDS) return fail(check, off, remedy);
    if (Math.abs(seconds) >= ODD_SECONDS) return warn(check, off, remedy);
    return ok(check, "this machine and the store agree");
  } catch (error) {
    return skipped(check, error instanceof Error ? error.message : String(error));
  }
}

function printSpan(seconds: number): string {
  return seconds < 120 ? `${seconds} seconds` : `${Math.round(seconds / 60)} minutes`;
}

/** Problems of one call only; after all others every check would fail. */
const LOCAL: ReadonlySet<StoreProblem> = new Set(["denied", "unsupported"]);

interface Listed {
  readonly result: CheckResult;
  readonly isFatal: boolean;
}

async function checkList(
  { client }: DoctorTarget,
  { bucket, prefix }: TargetFolder,
): Promise<Listed> {
  const check = `list ${bucket}`;
  try {
    const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1 });
    const { Name, KeyCount } = await client.send(command, limit());
    if (Name === undefined && KeyCount === undefined) throw new NotS3("no listing");
    return { result: ok(check, `bucket "${bucket}" can be listed`), isFatal: false };
  } catch (error) {
    const { problem, message, remedy } = diagnose(error);
    const isFatal = !LOCAL.has(problem);
    if (problem !== "denied") return { result: fail(check, message, remedy), isFatal };
    const explained = `listing bucket "${bucket}" is not allowed: missing keys look forbidden, and purges and warm-ups by prefix fail`;
    const grant = `grant s3:ListBucket on arn:aws:s3:::${bucket}: shift-media setup prints the policy`;
    return { result: fail(check, explained, grant), isFatal };
  }
}

/** One result for all checks that make no sense now. */
export async function* skipStore(): CheckResults {
  yield skipped("objects", "not checked, because the store cannot be used");
}
