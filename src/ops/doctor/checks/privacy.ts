import { encodeKey, cutTrailingSlashes } from "../../../url/percent.ts";
import type { CheckResult } from "../result.ts";
import { ok, skipped, warn } from "../result.ts";
import type { DoctorTarget } from "../target.ts";
import { ask } from "../web.ts";

/** Requests an original without credentials, from the store and from the public URL. */
export async function checkPrivacy(
  target: DoctorTarget,
  original: string | undefined,
): Promise<CheckResult> {
  const check = "originals are private";
  if (original === undefined) return skipped(check, "no original was found");
  const { originals, variants, publicUrl, endpoint } = target;
  const isThere = publicUrl !== undefined && originals.bucket === variants.bucket;
  const urls = [
    buildObjectUrl(endpoint, originals.bucket, original),
    ...(isThere ? [`${publicUrl}/${encodeKey(original)}`] : []),
  ];
  for (const url of urls) {
    const answer = await ask(url).catch(() => undefined);
    if (answer?.status !== 200) continue;
    if (target.arePublicOriginals) return ok(check, "they are public, as ORIGINALS=redirect needs");
    const message = `everybody can read originals, such as ${url}`;
    return warn(
      check,
      message,
      "if you do not want that: run shift-media setup --apply without --public-originals, and remove public statements of others from the bucket policy",
    );
  }
  if (!target.arePublicOriginals) return ok(check, "they cannot be read without credentials");
  return warn(
    check,
    "ORIGINALS=redirect redirects to originals that visitors may not read",
    "shift-media setup --access public --public-originals --apply",
  );
}

/** Puts the bucket into the path, which every store understands. */
function buildObjectUrl(endpoint: string, bucket: string, key: string): string {
  return `${cutTrailingSlashes(endpoint)}/${encodeURIComponent(bucket)}/${encodeKey(key)}`;
}
