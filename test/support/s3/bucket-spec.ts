import type { BucketSpec } from "../../../src/ops/setup/spec.ts";

/** One private bucket on AWS, changed as given. */
export function createBucketSpec(more: Partial<BucketSpec> = {}): BucketSpec {
  return {
    provider: "aws",
    access: "private",
    originals: { bucket: "media", prefix: "" },
    variants: { bucket: "media", prefix: "variants/" },
    arePublicOriginals: false,
    shouldCreateBuckets: false,
    region: "eu-central-1",
    endpoint: undefined,
    distribution: undefined,
    principal: undefined,
    corsOrigins: ["*"],
    expireDays: undefined,
    website: undefined,
    notify: undefined,
    group: undefined,
    user: undefined,
    ...more,
  };
}
