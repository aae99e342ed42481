import { splitPieces } from "./names.ts";

/** What other services have and this one has not, and what to do instead. */
const RESERVED: Readonly<Record<string, string>> = {
  l: "there are no layers here",
  u: "there are no layers here",
  if: "there are no conditions here",
  o: "there is no opacity here",
  bo: "there are no borders here; c_pad extends the image with the background b_",
  co: "a colour stands in the option that it is for, such as b_ff0000 or e_tint:ff0000",
  x: "a point is written as a gravity, such as g_0.3x0.7, a region as crop_X_Y_W_H",
  y: "a point is written as a gravity, such as g_0.3x0.7, a region as crop_X_Y_W_H",
  z: "there is no zoom here; crop_X_Y_W_H cuts a region out",
  d: "there are no default images here",
  c_crop: "to cut a region out use crop_X_Y_W_H",
  c_thumb: "use c_fill,g_auto",
  c_auto: "use c_fill,g_auto",
  g_face: "faces are not looked for; g_auto keeps what draws attention",
};

/** What to write instead of a piece; `undefined` for one that other services do not have either. */
export function advise(piece: string): string | undefined {
  if (piece.startsWith("$")) return "there are no variables here";
  const [name = ""] = piece.split("_");
  if (Object.hasOwn(RESERVED, piece)) return RESERVED[piece];
  return piece !== name && Object.hasOwn(RESERVED, name) ? RESERVED[name] : undefined;
}

/** The same for the first piece of a segment that there is something to say of. */
export function adviseOn(segment: string): string | undefined {
  for (const piece of splitPieces(segment)) {
    const advice = advise(piece);
    if (advice) return `"${piece}": ${advice}`;
  }
  return undefined;
}
