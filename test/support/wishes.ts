import type { Wish } from "../../src/ops/setup/spec.ts";

/** One bucket of AWS that is private, but for what is said. */
export function wish(more: Partial<Wish> = {}): Wish {
  return {
    flavour: "aws",
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
