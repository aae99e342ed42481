/** The colours that a profile is for. */
type ColorModel = "rgb" | "gray";

export interface ProfileFacts {
  readonly model: ColorModel;
  /** Levels grow about as light does, so that dark ones are far apart where there are 8 bits. */
  readonly isLinear: boolean;
}

/** Tags by which a profile leads to other colours: a table, or curves with or without a matrix. */
const WAYS: Readonly<Record<string, { readonly model: ColorModel; readonly curves: string }>> = {
  "RGB ": { model: "rgb", curves: "rXYZ gXYZ bXYZ rTRC gTRC bTRC" },
  GRAY: { model: "gray", curves: "kTRC" },
};

/** Reads an ICC profile (ICC.1:2022); `undefined` where it is for other colours, or where parts are missing. */
export function readProfile(icc: Buffer): ProfileFacts | undefined {
  const way = WAYS[icc.toString("latin1", 16, 20)];
  const tags = listTags(icc);
  if (!way) return undefined;
  if (tags.has("A2B0")) return { model: way.model, isLinear: false };
  if (!way.curves.split(" ").every((name) => tags.has(name))) return undefined;
  const curve = tags.get("rTRC") ?? tags.get("kTRC");
  return { model: way.model, isLinear: curve !== undefined && isLinear(curve) };
}

const HEADER_BYTES = 128;
const ENTRY_BYTES = 12;
/** Profiles have a dozen or two. */
const MAX_TAGS = 256;

function listTags(icc: Buffer): ReadonlyMap<string, Buffer> {
  const tags = new Map<string, Buffer>();
  if (icc.length < HEADER_BYTES + 4) return tags;
  const count = Math.min(icc.readUInt32BE(HEADER_BYTES), MAX_TAGS);
  const end = Math.min(HEADER_BYTES + 4 + count * ENTRY_BYTES, icc.length - ENTRY_BYTES + 1);
  for (let at = HEADER_BYTES + 4; at < end; at += ENTRY_BYTES) {
    const [start, length] = [icc.readUInt32BE(at + 4), icc.readUInt32BE(at + 8)];
    const tag = icc.subarray(start, start + length);
    if (tag.length === length) tags.set(icc.toString("latin1", at, at + 4), tag);
  }
  return tags;
}

/** The largest power of a curve that counts as linear. */
const LINEAR_POWER = 1.5;

/** Looks at the power of a parametric curve (10.18), or of a curve (10.6): none, its own, or that of its middle. */
function isLinear(curve: Buffer): boolean {
  if (curve.length < 16) return curve.toString("latin1", 0, 4) === "curv";
  if (curve.toString("latin1", 0, 4) === "para")
    return curve.readInt32BE(12) < LINEAR_POWER * 0x1_00_00;
  const count = curve.readUInt32BE(8);
  if (count === 1) return curve.readUInt16BE(12) < LINEAR_POWER * 0x1_00;
  const middle = 12 + 2 * Math.floor(count / 2);
  return middle + 2 <= curve.length && curve.readUInt16BE(middle) / 0xff_ff > 0.5 ** LINEAR_POWER;
}
