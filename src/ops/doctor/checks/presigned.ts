import { diagnose } from "../../../store/s3/diagnose.ts";
import type { Presign } from "../../../store/s3/presign.ts";
import type { Finding } from "../result.ts";
import { fail, ok, warn } from "../result.ts";
import type { Patient } from "../target.ts";
import type { Probe } from "../probe.ts";
import type { WebAnswer } from "../web.ts";
import { ask, withoutQuery } from "../web.ts";

/** As long as one answer may take, and some more for clocks that differ. */
const GOOD_SECONDS = 120;

/** Whether somebody who has nothing but a signed URL gets what was written, as visitors will. */
export async function checkPresigned(
  { variants }: Patient,
  probe: Probe,
  presign: Presign,
): Promise<Finding> {
  const check = "presigned";
  const key = probe.key("probe.png");
  let url: string;
  try {
    const options = { method: "GET", version: "1", signedAt: Date.now() } as const;
    ({ url } = await presign(key, { ...options, seconds: GOOD_SECONDS }));
  } catch (error) {
    const { message: says, remedy } = diagnose(error);
    return fail(check, `nothing can be signed: ${says}`, remedy);
  }
  try {
    const answer = await ask(url);
    if (answer.status !== 200) return refused(url, answer);
    if (!answer.bytes.equals(probe.bytesOf("probe.png"))) {
      const says = `other bytes than were written come from ${withoutQuery(url)}`;
      return fail(
        check,
        says,
        `check that S3_PUBLIC_ENDPOINT leads to the bucket "${variants.bucket}"`,
      );
    }
    const plain = await ask(withoutQuery(url));
    if (plain.status !== 200)
      return ok(check, `a signed URL gives what is written (${hostOf(url)})`);
    const says = "variants can be read without a signature, too";
    return warn(
      check,
      says,
      "shift-media setup --access private --apply, or set PUBLIC_URL, which needs no signatures",
    );
  } catch (error) {
    const says = `signed URLs lead to ${hostOf(url)}: ${error instanceof Error ? error.message : String(error)}`;
    const remedy =
      "set S3_PUBLIC_ENDPOINT to where visitors reach S3, and S3_FORCE_PATH_STYLE=true where buckets have no hosts of their own";
    return fail(check, says, remedy);
  }
}

function refused(url: string, { status, bytes }: WebAnswer): Finding {
  const code = /<Code>(\w+)<\/Code>/.exec(bytes.toString())?.[1];
  const says = `${[status, code].filter(Boolean).join(" ")} from ${withoutQuery(url)}`;
  return fail("presigned", says, (code && REMEDIES[code]) ?? ENDPOINT);
}

const ENDPOINT =
  "check S3_PUBLIC_ENDPOINT and S3_FORCE_PATH_STYLE: visitors have to reach S3 itself there";

/** By what S3 says. */
const REMEDIES: Readonly<Record<string, string>> = {
  AccessDenied:
    "grant s3:GetObject on the variants to the keys that sign (shift-media setup prints the policy), and set the clock right",
  RequestTimeTooSkewed: "set the clock: timedatectl set-ntp true",
  SignatureDoesNotMatch:
    "a proxy at S3_PUBLIC_ENDPOINT must pass Host, path and query on as they came",
};

function hostOf(url: string): string {
  return new URL(url).host;
}
