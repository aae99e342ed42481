import { setTimeout as pause } from "node:timers/promises";
import type { S3Client } from "@aws-sdk/client-s3";
import { CreateBucketCommand, HeadBucketCommand } from "@aws-sdk/client-s3";
import { getErrorName, getStatus } from "../../store/s3/errors.ts";
import { UsageError } from "../usage-error.ts";
import { isForCeph } from "./bucket/documents.ts";
import type { Json } from "./bucket/merge.ts";
import { isSame, listRemoved } from "./bucket/merge.ts";
import { findForeignPublic, hasForeignGrants } from "./bucket/policy.ts";
import type { Call } from "./bucket/settings.ts";
import { readSetting, SETTINGS } from "./bucket/settings.ts";
import type { SetupOutcome } from "./outcome.ts";
import { explainFailure, failsEverything } from "./outcome.ts";
import type { SetupStep } from "./plan.ts";

/** Applies the steps, and changes only settings that differ. After a failure it skips steps that cannot succeed. */
export async function* applyPlan(
  steps: readonly SetupStep[],
  client: S3Client,
): AsyncGenerator<SetupOutcome> {
  let fatal: string | undefined;
  const missing = new Set<string>();
  for (const step of steps) {
    const about = { step: step.kind, bucket: step.bucket };
    if (fatal !== undefined || missing.has(step.bucket)) {
      yield { ...about, status: "skipped", message: fatal ?? "the bucket does not exist" };
      continue;
    }
    try {
      yield { ...about, ...(await applyStep(step, client)) };
    } catch (error) {
      yield { ...about, status: "failed", message: explainFailure(error) };
      if (failsEverything(error)) fatal = "the store does not answer as S3";
      if (step.kind === "bucket") missing.add(step.bucket);
    }
  }
}

interface Applied {
  readonly status: "unchanged" | "changed" | "created";
  readonly message?: string;
}

async function applyStep(step: SetupStep, client: S3Client): Promise<Applied> {
  const call = { client, Bucket: step.bucket };
  if (step.kind === "bucket") return applyBucket(call, step.document);
  const applied = await applySetting(call, step);
  return step.kind === "policy" ? reportForeignPublic(call, applied) : applied;
}

async function applyBucket({ client, Bucket }: Call, document: Json): Promise<Applied> {
  try {
    await client.send(new HeadBucketCommand({ Bucket }));
    return { status: "unchanged" };
  } catch (error) {
    if (getStatus(error) === 403) return { status: "unchanged" }; // it may exist; later steps tell
    if (getStatus(error) !== 404) throw error;
  }
  const { mustExist = false, ...CreateBucketConfiguration } = document;
  if (mustExist) {
    throw new UsageError(`bucket "${Bucket}" does not exist: create it, or say --create-bucket`);
  }
  const hasLocation = Object.keys(CreateBucketConfiguration).length > 0;
  await client.send(
    new CreateBucketCommand({ Bucket, ...(hasLocation && { CreateBucketConfiguration }) }),
  );
  return { status: "created" };
}

async function applySetting(call: Call, step: SetupStep): Promise<Applied> {
  const { kind } = step;
  if (kind === "bucket") return { status: "unchanged" };
  const setting = SETTINGS[kind];
  const document =
    kind === "public_access" ? await keepForeignGrants(call, step.document) : step.document;
  const present = await readSetting(setting, call);
  const wanted = setting.merge(present, document);
  if (isSame(present, wanted) || (present === undefined && wanted === undefined)) {
    return { status: "unchanged" };
  }
  if (kind === "public_access") await checkForeignPublic(call, document);
  if (wanted === undefined) await setting.remove?.(call);
  else await writeWithRetry(() => setting.write(call, wanted));
  return present === undefined ? { status: "created" } : reportRemoved(present, wanted);
}

/** Names what was removed, because an option may be missing by mistake. */
function reportRemoved(present: Json, wanted: Json | undefined): Applied {
  const removed = listRemoved(present, wanted);
  if (removed.length === 0) return { status: "changed" };
  return {
    status: "changed",
    message: `removed, because this command did not ask for it again: ${removed.join(", ")}`,
  };
}

/** Warns about public statements of others, which stay. */
async function reportForeignPublic(call: Call, { status, message }: Applied): Promise<Applied> {
  const foreign = findForeignPublic(await readSetting(SETTINGS.policy, call));
  if (foreign.length === 0) return { status, ...(message !== undefined && { message }) };
  const warning = `statements that shift-media did not write make something public, and stay: ${foreign.join(", ")}`;
  return { status, message: message === undefined ? warning : `${message}; ${warning}` };
}

/** Ceph 16 takes every grant for a public one, and would then refuse each change of the policy. */
async function keepForeignGrants(call: Call, document: Json): Promise<Json> {
  if (!isForCeph(document) || document["BlockPublicPolicy"] === false) return document;
  const policy = await readSetting(SETTINGS.policy, call);
  // statements that really are public are an error, see checkForeignPublic
  if (!hasForeignGrants(policy) || findForeignPublic(policy).length > 0) return document;
  return { ...document, BlockPublicPolicy: false, RestrictPublicBuckets: false };
}

/** Blocking all public access would break statements of others. */
async function checkForeignPublic(call: Call, { RestrictPublicBuckets }: Json): Promise<void> {
  if (RestrictPublicBuckets !== true) return;
  const foreign = findForeignPublic(await readSetting(SETTINGS.policy, call));
  if (foreign.length === 0) return;
  throw new UsageError(
    `the bucket policy has public statements that shift-media did not write (${foreign.join(", ")}): remove them, or say --access public`,
  );
}

/** Attempts at one write. */
const ATTEMPTS = 4;
/** Milliseconds before the second attempt; each further pause is longer by as much. */
const PAUSE_MS = 500;

/** Repeats a write, because AWS takes a moment to know a new bucket and to apply a change before. */
async function writeWithRetry(write: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await write();
      return;
    } catch (error) {
      const isTemporary = ["OperationAborted", "AccessDenied"].includes(getErrorName(error));
      if (!isTemporary || attempt === ATTEMPTS) throw error;
      await pause(PAUSE_MS * attempt);
    }
  }
}
