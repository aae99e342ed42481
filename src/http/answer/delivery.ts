/** How a variant that is there already is answered. */
export const DELIVERIES = ["auto", "redirect", "presigned", "stream"] as const;
export type Delivery = (typeof DELIVERIES)[number];

/** Headers by which a CDN gives itself away: it would pass a redirect on, and not follow it. */
export const CDN_HEADERS: readonly string[] = ["via", "x-amz-cf-id", "cdn-loop"];

interface Possible {
  readonly hasPublicUrl: boolean;
  readonly canPresign: boolean;
}

/**
 * Chooses for one request. `auto` streams to a CDN, and redirects everybody else: to the public URL, or
 * where there is none to a presigned one. What is not possible is streamed.
 */
export function chooseDelivery(
  delivery: Delivery,
  hasHeader: (name: string) => boolean,
  { hasPublicUrl, canPresign }: Possible,
): Exclude<Delivery, "auto"> {
  if (delivery === "stream") return "stream";
  const toPresigned = canPresign ? "presigned" : "stream";
  if (delivery === "presigned") return toPresigned;
  if (delivery === "auto" && CDN_HEADERS.some(hasHeader)) return "stream";
  if (hasPublicUrl) return "redirect";
  return delivery === "auto" ? toPresigned : "stream";
}
