import { encodeKey, cutTrailingSlashes } from "../../../url/percent.ts";
import type { Finding } from "../result.ts";
import { ok, skipped, warn } from "../result.ts";
import type { Patient } from "../target.ts";
import { ask } from "../web.ts";

/** Whether somebody without credentials gets an original, from the store or from where variants are public. */
export async function checkPrivacy(
  patient: Patient,
  original: string | undefined,
): Promise<Finding> {
  const check = "originals are private";
  if (original === undefined) return skipped(check, "there is no original to ask for");
  const { originals, variants, publicUrl, endpoint } = patient;
  const isThere = publicUrl !== undefined && originals.bucket === variants.bucket;
  const urls = [
    urlOf(endpoint, originals.bucket, original),
    ...(isThere ? [`${publicUrl}/${encodeKey(original)}`] : []),
  ];
  for (const url of urls) {
    const answer = await ask(url).catch(() => undefined);
    if (answer?.status !== 200) continue;
    if (patient.arePublicOriginals)
      return ok(check, "they are public, as ORIGINALS=redirect wants");
    const says = `everybody can read originals, such as ${url}`;
    return warn(
      check,
      says,
      "if that is not meant: shift-media setup --apply, without --public-originals, takes back what an earlier one allowed; what others have put into the policy of the bucket goes by hand",
    );
  }
  if (!patient.arePublicOriginals) return ok(check, "nobody gets them without credentials");
  return warn(
    check,
    "ORIGINALS=redirect leads to originals that nobody may read",
    "shift-media setup --access public --public-originals --apply",
  );
}

/** By path, which works everywhere but at AWS for buckets with a host of their own. */
function urlOf(endpoint: string, bucket: string, key: string): string {
  return `${cutTrailingSlashes(endpoint)}/${encodeURIComponent(bucket)}/${encodeKey(key)}`;
}
