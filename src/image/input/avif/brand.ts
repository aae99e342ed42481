/** Position of the major brand in an ISO base media file (ISO/IEC 14496-12, 4.3). */
const BRAND_AT = 8;
const BRAND = "avif";

/**
 * Names the brand of stills as the major one. libvips looks at no other, and so refuses sequences, which are `avis`; each
 * of them has a still beside it.
 */
export function admitAvif(bytes: Uint8Array): Uint8Array {
  const brand = new TextEncoder().encode(BRAND);
  const end = BRAND_AT + brand.length;
  if (bytes.length < end || Buffer.compare(bytes.subarray(BRAND_AT, end), brand) === 0)
    return bytes;
  const still = new Uint8Array(bytes); // the slice of a Buffer would share its memory
  still.set(brand, BRAND_AT);
  return still;
}
