/** Magic numbers at the start of a file; `.` stands for any byte. */
const SIGNATURES: readonly (readonly [format: string, signature: string])[] = [
  ["jpeg", "\xff\xd8\xff"],
  ["png", "\x89PNG\r\n\x1a\n"],
  ["gif", "GIF87a"],
  ["gif", "GIF89a"],
  ["webp", "RIFF....WEBP"],
  ["tiff", "II*\0"],
  ["tiff", "MM\0*"],
  ["bmp", "BM"],
  ["pdf", "%PDF-"],
  ["psd", "8BPS"],
  ["jxl", "\xff\x0a"],
  ["jxl", "\0\0\0\x0cJXL "],
  ["ico", "\0\0\x01\0"],
];

const AVIF_BRANDS: ReadonlySet<string> = new Set(["avif", "avis"]);
const HEIC_BRANDS: ReadonlySet<string> = new Set(
  "heic heix hevc hevx heim heis hevm hevs mif1 msf1".split(" "),
);

/** What the first bytes say that this is, be it accepted or not; `undefined` when they say nothing. */
export function sniffFormat(bytes: Uint8Array): string | undefined {
  const start = latin1(bytes.subarray(0, 512));
  const found = SIGNATURES.find(([, signature]) => startsWith(start, signature));
  if (found) return found[0];
  if (start.slice(4, 8) === "ftyp") return sniffBrands(bytes, start);
  return /^\s*(?:\xef\xbb\xbf)?\s*<(?:\?xml|svg|!doctype svg)/i.test(start) ? "svg" : undefined;
}

/** The brands of an ISO base media file: the major one, then the compatible ones after its version. */
function sniffBrands(bytes: Uint8Array, start: string): string | undefined {
  const size = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
  const listed = start.slice(16, Math.min(size, start.length)).match(/.{4}/gs) ?? [];
  const brands = [start.slice(8, 12), ...listed];
  if (brands.some((brand) => AVIF_BRANDS.has(brand))) return "avif";
  return brands.some((brand) => HEIC_BRANDS.has(brand)) ? "heic" : undefined;
}

function startsWith(text: string, signature: string): boolean {
  return signature
    .split("")
    .every((character, index) => character === "." || text[index] === character);
}

function latin1({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString("latin1");
}
