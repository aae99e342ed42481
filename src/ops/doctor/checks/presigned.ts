import { diagnose } from "../../../store/s3/diagnose.ts";
import type { Presign } from "../../../store/s3/connection.ts";
import type { CheckResult } from "../result.ts";
import { fail, ok, warn } from "../result.ts";
import type { DoctorTarget } from "../target.ts";
import type { Probe } from "../probe.ts";
import type { WebAnswer } from "../web.ts";
import { ask, withoutQuery } from "../web.ts";

/** Seconds for which the URL is valid: the time of one answer, and a minute or so for clocks that differ. */
const GOOD_SECONDS = 120;

/** Fetches an object by a presigned URL, as visitors do. */
export async function checkPresigned(
  { variants }: DoctorTarget,
  probe: Probe,
  presign: Presign,
): Promise<CheckResult> {
  const check = "presigned";
  const key = probe.key("probe.png");
  let url: string;
  try {
    const options = { method: "GET", version: "1", signedAt: Date.now() } as const;
    ({ url } = await presign(key, { ...options, seconds: GOOD_SECONDS }));
  } catch (error) {
    const { message, remedy } = diagnose(error);
    return fail(check, `no URL can be signed: ${message}`, remedy);
  }
  try {
    const answer = await ask(url);
    if (answer.status !== 200) return explainRefusal(url, answer);
    if (!answer.bytes.equals(probe.getBytes("probe.png"))) {
      const message = `${withoutQuery(url)} answers with other bytes than were written`;
      return fail(
        check,
        message,
        `set S3_PUBLIC_ENDPOINT to the store that has the bucket "${variants.bucket}"`,
      );
    }
    const plain = await ask(withoutQuery(url));
    if (plain.status !== 200)
      return ok(check, `a signed URL gives the bytes that were written (${getUrlHost(url)})`);
    const message = "variants can also be read without a signature";
    return warn(
      check,
      message,
      "run shift-media setup --access private --apply, or set PUBLIC_URL, which needs no signatures",
    );
  } catch (error) {
    const message = `signed URLs lead to ${getUrlHost(url)}: ${error instanceof Error ? error.message : String(error)}`;
    const fix =
      "set S3_PUBLIC_ENDPOINT to the URL at which visitors reach S3, and S3_FORCE_PATH_STYLE=true if buckets have no host names of their own";
    return fail(check, message, fix);
  }
}

function explainRefusal(url: string, { status, bytes }: WebAnswer): CheckResult {
  const code = /<Code>(\w+)<\/Code>/.exec(bytes.toString())?.[1];
  const message = `${[status, code].filter(Boolean).join(" ")} from ${withoutQuery(url)}`;
  return fail("presigned", message, (code && REMEDIES[code]) ?? ENDPOINT);
}

const ENDPOINT = "check S3_PUBLIC_ENDPOINT and S3_FORCE_PATH_STYLE: S3 itself must answer there";

/** Fixes by the error code of S3. */
const REMEDIES: Readonly<Record<string, string>> = {
  AccessDenied:
    "grant s3:GetObject on the variants to the access key that signs (shift-media setup prints the policy), and set the clock",
  RequestTimeTooSkewed: "set the clock: timedatectl set-ntp true",
  SignatureDoesNotMatch:
    "let the proxy at S3_PUBLIC_ENDPOINT pass Host, path and query on unchanged",
};

function getUrlHost(url: string): string {
  return new URL(url).host;
}
