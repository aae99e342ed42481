import { buildCors, buildLifecycle } from "../bucket/documents.ts";
import type { Json } from "../bucket/merge.ts";
import { listRules } from "../bucket/merge.ts";
import { printCommand, printDocument, quoteWord } from "../shell.ts";
import type { BucketSpec } from "../spec.ts";
import { hasOneBucket, listBuckets } from "../spec.ts";
import type { Provider } from "./provider.ts";
import { stepIf, wantsNotifications } from "./provider.ts";

/** Its S3 API has neither policies nor websites nor notifications. */
export const R2: Provider = {
  title: "Cloudflare R2",
  settings: ["bucket", "cors", "lifecycle"],
  commands: { cors: printCors, lifecycle: printLifecycle },
  listManualSteps: (spec) => {
    const { access, originals, variants, shouldCreateBuckets } = spec;
    const buckets = listBuckets(spec);
    const isShared = hasOneBucket(spec) && originals.prefix === "";
    return [
      ...stepIf(shouldCreateBuckets, "create the buckets, if the credentials may not", () =>
        buckets.map((bucket) => printWrangler("create", bucket)),
      ),
      ...stepIf(
        true,
        `create an API token for the service: R2 > Manage API tokens > Object Read & Write, for ${buckets.join(" and ")} only; R2 cannot limit it to a prefix`,
      ),
      ...stepIf(
        access !== "private",
        `add the domain that makes all of ${variants.bucket} public, and set PUBLIC_URL=https://MEDIA.EXAMPLE.COM`,
        () => [printDomain(variants.bucket)],
      ),
      ...stepIf(
        wantsNotifications(spec),
        `set notifications by a queue (docs/purging.md)${isShared ? "; the service ignores the events of its own writes" : ""}`,
        () => printQueue(spec),
      ),
    ];
  },
};

/** Prints a command of Cloudflare's tool. */
function printWrangler(...words: readonly string[]): string {
  return printCommand("npx", "wrangler", "r2", "bucket", ...words);
}

function printDomain(bucket: string): string {
  const options = ["--domain", "MEDIA.EXAMPLE.COM", "--zone-id", "ZONE"];
  return printWrangler("domain", "add", bucket, ...options);
}

function printQueue({ originals }: BucketSpec): readonly string[] {
  const { bucket, prefix } = originals;
  const types = ["--event-type", "object-create", "object-delete", "--queue", "media-events"];
  return [
    printCommand("npx", "wrangler", "queues", "create", "media-events"),
    printWrangler(
      "notification",
      "create",
      bucket,
      ...types,
      ...(prefix === "" ? [] : ["--prefix", prefix]),
    ),
  ];
}

/** Wrangler takes CORS rules from a file, with names of its own. */
function printCors(spec: BucketSpec, bucket: string): readonly string[] {
  const rules = listRules(buildCors(spec, bucket), "CORSRules").map((rule) => ({
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
    `printf %s ${quoteWord(printDocument({ rules }))} > ${quoteWord(file)}`,
    printWrangler("cors", "set", bucket, "--file", file),
  ];
}

function printLifecycle(spec: BucketSpec, bucket: string): readonly string[] {
  return listRules(buildLifecycle(spec, bucket), "Rules").map((rule) => {
    const { Days } = (rule["Expiration"] ?? {}) as { readonly Days?: number }; // as buildLifecycle makes it
    const abort = (rule["AbortIncompleteMultipartUpload"] ?? {}) as Json;
    const action =
      Days === undefined
        ? ["--abort-multipart-days", String(abort["DaysAfterInitiation"])]
        : ["--expire-days", String(Days)];
    const words = [bucket, String(rule["ID"]), spec.variants.prefix, ...action];
    return printWrangler("lifecycle", "add", ...words);
  });
}
