import { cors, lifecycle } from "../bucket/documents.ts";
import type { Json } from "../bucket/merge.ts";
import { rulesIn } from "../bucket/merge.ts";
import { line, print, quote } from "./shell.ts";
import type { Wish } from "../spec.ts";

/** A call of Cloudflare's tool. */
export function wrangler(...words: readonly string[]): string {
  return line("npx", "wrangler", "r2", "bucket", ...words);
}

/** Wrangler takes CORS rules from a file, in words of its own. */
export function wranglerCors(wish: Wish, bucket: string): readonly string[] {
  const rules = rulesIn(cors(wish, bucket), "CORSRules").map((rule) => ({
    id: rule["ID"],
    allowed: {
      origins: rule["AllowedOrigins"],
      methods: rule["AllowedMethods"],
      headers: rule["AllowedHeaders"],
    },
    exposeHeaders: rule["ExposeHeaders"],
    maxAgeSeconds: rule["MaxAgeSeconds"],
  }));
  const file = `cors-${bucket}.json`;
  return [
    `printf %s ${quote(print({ rules }))} > ${quote(file)}`,
    wrangler("cors", "set", bucket, "--file", file),
  ];
}

export function wranglerLifecycle(wish: Wish, bucket: string): readonly string[] {
  return rulesIn(lifecycle(wish, bucket), "Rules").map((rule) => {
    const { Days } = (rule["Expiration"] ?? {}) as { readonly Days?: number }; // as lifecycle makes it
    const abort = (rule["AbortIncompleteMultipartUpload"] ?? {}) as Json;
    const action =
      Days === undefined
        ? ["--abort-multipart-days", String(abort["DaysAfterInitiation"])]
        : ["--expire-days", String(Days)];
    return wrangler(
      "lifecycle",
      "add",
      bucket,
      String(rule["ID"]),
      wish.variants.prefix,
      ...action,
    );
  });
}
