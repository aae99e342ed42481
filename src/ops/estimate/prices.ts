/** When the prices below were last looked at. They change, and differ by region and contract: check them. */
export const PRICES_OF = "November 2026";

export const PROVIDERS = ["aws", "r2"] as const;
export type ProviderName = (typeof PROVIDERS)[number];

/** In US dollars, without free tiers and discounts. */
export interface Prices {
  /** A million PUT, POST, LIST. */
  readonly put: number;
  /** A million GET, HEAD. */
  readonly get: number;
  /** A GB for a month. */
  readonly storage: number;
  /** A million requests of visitors at the CDN. */
  readonly cdn: number;
  /** A GB from the CDN to visitors. */
  readonly egress: number;
  /** A GB from the service to the CDN. */
  readonly service: number;
  /** A core for an hour. */
  readonly vcpu: number;
  /** A GiB of memory for an hour. */
  readonly memory: number;
}

/**
 * `aws` is S3, CloudFront and Fargate on x86 in us-east-1, Europe and North America, first tier; `r2` is R2,
 * the CDN of a Cloudflare plan, and Containers.
 */
export const PRICES: Readonly<Record<ProviderName, Prices>> = {
  aws: {
    put: 5,
    get: 0.4,
    storage: 0.023,
    cdn: 1,
    egress: 0.085,
    service: 0,
    vcpu: 0.04048,
    memory: 0.004445,
  },
  r2: {
    put: 4.5,
    get: 0.36,
    storage: 0.015,
    cdn: 0,
    egress: 0,
    service: 0.025,
    vcpu: 0.072,
    memory: 0.009,
  },
};
