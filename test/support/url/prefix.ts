import type { VariantPrefix } from "../../../src/url/variant-key.ts";

/** That of a service of which nothing else is said. */
export const DEFAULT_PREFIX: VariantPrefix = { root: "variants/", epoch: "1" };
