import { setTimeout as pause } from "node:timers/promises";
import type { S3Client } from "@aws-sdk/client-s3";
import { CreateBucketCommand, HeadBucketCommand } from "@aws-sdk/client-s3";
import { MediaError } from "../../errors.ts";
import { getErrorName, getStatus } from "../../store/s3/errors.ts";
import { isOfCeph } from "./bucket/documents.ts";
import type { Call } from "./bucket/settings.ts";
import { readSetting, SETTINGS } from "./bucket/settings.ts";
import type { Json } from "./bucket/merge.ts";
import { isSame, namesGone } from "./bucket/merge.ts";
import type { Outcome } from "./outcome.ts";
import { explainFailure, isHopeless } from "./outcome.ts";
import type { Step } from "./plan.ts";
import { foreignPublicStatements, hasForeignGrants } from "./bucket/policy.ts";

/**
 * Brings the buckets to what the steps say, and changes nothing that is like that already. What fails
 * is told of; what cannot succeed after it is skipped.
 */
export async function* applySteps(
  steps: readonly Step[],
  client: S3Client,
): AsyncGenerator<Outcome> {
  let hopeless: string | undefined;
  const missing = new Set<string>();
  for (const step of steps) {
    const about = { step: step.kind, of: step.bucket };
    if (hopeless !== undefined || missing.has(step.bucket)) {
      yield { ...about, status: "skipped", says: hopeless ?? "the bucket is not there" };
      continue;
    }
    try {
      yield { ...about, ...(await applyStep(step, client)) };
    } catch (error) {
      yield { ...about, status: "failed", says: explainFailure(error) };
      if (isHopeless(error)) hopeless = "the store cannot be talked to";
      if (step.kind === "bucket") missing.add(step.bucket);
    }
  }
}

interface Done {
  readonly status: "unchanged" | "changed" | "created";
  readonly says?: string;
}

async function applyStep(step: Step, client: S3Client): Promise<Done> {
  const call = { client, Bucket: step.bucket };
  if (step.kind === "bucket") return applyBucket(call, step.document);
  const done = await applySetting(call, step);
  return step.kind === "policy" ? tellForeignPublic(call, done) : done;
}

async function applyBucket({ client, Bucket }: Call, document: Json): Promise<Done> {
  try {
    await client.send(new HeadBucketCommand({ Bucket }));
    return { status: "unchanged" };
  } catch (error) {
    // whoever may not look can still go on
    if (getStatus(error) === 403) return { status: "unchanged" };
    if (getStatus(error) !== 404) throw error;
  }
  const { mustExist = false, ...CreateBucketConfiguration } = document;
  if (mustExist) {
    throw new MediaError(
      "invalid_body",
      `there is no bucket "${Bucket}"; --create-bucket makes it`,
    );
  }
  const hasPlace = Object.keys(CreateBucketConfiguration).length > 0;
  await client.send(
    new CreateBucketCommand({ Bucket, ...(hasPlace && { CreateBucketConfiguration }) }),
  );
  return { status: "created" };
}

async function applySetting(call: Call, step: Step): Promise<Done> {
  const { kind } = step;
  if (kind === "bucket") return { status: "unchanged" };
  const setting = SETTINGS[kind];
  const document =
    kind === "public_access" ? await leaveForeignGrants(call, step.document) : step.document;
  const present = await readSetting(setting, call);
  const wanted = setting.merge(present, document);
  if (isSame(present, wanted) || (present === undefined && wanted === undefined)) {
    return { status: "unchanged" };
  }
  if (kind === "public_access") await checkForeignPublic(call, document);
  if (wanted === undefined) await setting.remove?.(call);
  else await patiently(() => setting.write(call, wanted));
  return present === undefined ? { status: "created" } : sayGone(present, wanted);
}

function sayGone(present: Json, wanted: Json | undefined): Done {
  const gone = namesGone(present, wanted);
  if (gone.length === 0) return { status: "changed" };
  // whoever left an option out may not have meant that
  return { status: "changed", says: `took away what was not asked for again: ${gone.join(", ")}` };
}

/** It stays, and may be what nobody who asks for a private bucket expects. */
async function tellForeignPublic(call: Call, { status, says }: Done): Promise<Done> {
  const foreign = foreignPublicStatements(await readSetting(SETTINGS.policy, call));
  if (foreign.length === 0) return { status, ...(says !== undefined && { says }) };
  const also = `others have made something public, and that stays: ${foreign.join(", ")}`;
  return { status, says: says === undefined ? also : `${says}; ${also}` };
}

/** Ceph 16 takes what others are allowed for public, too, and would then refuse every change of the policy. */
async function leaveForeignGrants(call: Call, document: Json): Promise<Json> {
  if (!isOfCeph(document) || document["BlockPublicPolicy"] === false) return document;
  const policy = await readSetting(SETTINGS.policy, call);
  // what is really public is told of
  if (!hasForeignGrants(policy) || foreignPublicStatements(policy).length > 0) return document;
  return { ...document, BlockPublicPolicy: false, RestrictPublicBuckets: false };
}

/** To block all public access would break what somebody else has made public. */
async function checkForeignPublic(call: Call, { RestrictPublicBuckets }: Json): Promise<void> {
  if (RestrictPublicBuckets !== true) return;
  const foreign = foreignPublicStatements(await readSetting(SETTINGS.policy, call));
  if (foreign.length === 0) return;
  throw new MediaError(
    "invalid_body",
    `the policy of the bucket makes something public that is not ours (${foreign.join(", ")}): take that statement away, or say --access public`,
  );
}

const ATTEMPTS = 4;
const PAUSE_MS = 500;

/** AWS takes a moment to let in what was forbidden just before, or to know a bucket that is new. */
async function patiently(write: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await write();
      return;
    } catch (error) {
      const isPassing =
        getErrorName(error) === "OperationAborted" || getErrorName(error) === "AccessDenied";
      if (!isPassing || attempt === ATTEMPTS) throw error;
      await pause(PAUSE_MS * attempt);
    }
  }
}
