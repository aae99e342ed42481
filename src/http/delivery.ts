/** How a variant that is there already is answered. */
export const DELIVERIES = ["auto", "redirect", "stream"] as const;
export type Delivery = (typeof DELIVERIES)[number];

/** Headers by which a CDN gives itself away: it would pass a redirect on, and not follow it. */
export const CDN_HEADERS: readonly string[] = ["via", "x-amz-cf-id", "cdn-loop"];

/**
 * Chooses for one request. `auto` streams to a CDN, and redirects everybody else to the public URL.
 *
 * @param hasPublicUrl whether there is anywhere to redirect to
 */
export function shouldRedirect(
  delivery: Delivery,
  hasHeader: (name: string) => boolean,
  hasPublicUrl: boolean,
): boolean {
  if (!hasPublicUrl || delivery === "stream") return false;
  return delivery === "redirect" || !CDN_HEADERS.some(hasHeader);
}
