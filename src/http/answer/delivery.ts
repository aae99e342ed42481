/** How a stored variant is answered. */
export const DELIVERIES = ["auto", "redirect", "presigned", "stream"] as const;
export type Delivery = (typeof DELIVERIES)[number];

/** Headers that a CDN sends: it would pass a redirect on instead of following it. */
export const CDN_HEADERS: readonly string[] = ["via", "x-amz-cf-id", "cdn-loop"];

interface Possible {
  readonly hasPublicUrl: boolean;
  readonly canPresign: boolean;
}

/**
 * Chooses for one request. What its headers say counts for the way, since anybody may be streamed to, and never for
 * how long caches may keep the answer. `auto` streams to a CDN, and redirects other clients: to the public URL, or to a
 * presigned one if there is no public URL. If neither is possible, the variant is streamed.
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
