import type { ColorSpace } from "../../color/color-space.ts";
import { findPrimaries, findTransfer, isSrgb, SRGB } from "../../color/color-space.ts";
import { readAvifProperties, readUnsigned } from "./properties.ts";
import type { Box } from "./boxes.ts";
import { readType } from "./boxes.ts";

/** Transfer characteristics of video, and those that only HEVC decoders know. Browsers show them in AVIF as sRGB. */
const VIDEO_TRANSFERS: ReadonlySet<number> = new Set([1, 6, 11, 12, 14, 15]);

/**
 * Reads the colour space of an AVIF that names it by numbers (`nclx`). A profile counts before them. `undefined` for
 * sRGB, and for what is told in another way or not at all.
 */
export function readAvifColor(bytes: Uint8Array, hasProfile: boolean): ColorSpace | undefined {
  const own = hasProfile ? [] : (readAvifProperties(bytes)?.own ?? []);
  const nclx = own.find(
    ({ type, content }) => type === "colr" && readType(bytes, content) === "nclx",
  );
  if (!nclx) return undefined;
  const [primaries, transfer] = [4, 6].map((at) => readUnsigned(bytes, nclx.content + at, 2));
  const space = {
    primaries: findPrimaries(primaries ?? 0) ?? SRGB.primaries,
    transfer: findAvifTransfer(transfer ?? 0) ?? SRGB.transfer,
    peak: readPeak(bytes, own),
  };
  return isSrgb(space) ? undefined : space;
}

function findAvifTransfer(code: number): ColorSpace["transfer"] | undefined {
  return VIDEO_TRANSFERS.has(code) ? undefined : findTransfer(code);
}

/** Steps in a candela per square metre of a mastering display. */
const LIGHT_STEPS = 10_000;

/** The brightest light of the image, or else of the screen that it was made on (ISO/IEC 14496-12, 12.1.5 and 12.1.6). */
function readPeak(bytes: Uint8Array, own: readonly Box[]): number | undefined {
  const [clli, mdcv] = ["clli", "mdcv"].map((name) => own.find(({ type }) => type === name));
  const light = clli && readUnsigned(bytes, clli.content, 2);
  return light || (mdcv && readUnsigned(bytes, mdcv.content + 16, 4) / LIGHT_STEPS) || undefined;
}
