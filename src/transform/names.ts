import { FIELDS, nameOf } from "./fields.ts";

/** Other names that mean something, here or in the grammars of our neighbours. */
const NAMES =
  "width height ratio format quality background gravity position pos rotate extract s resize fit " +
  "blur l u if o bo co x y z d";

/** Words that mean something without a value. */
const WORDS = "flip flop enlarge animated grayscale greyscale negate sharpen".split(" ");

const TAKEN: ReadonlySet<string> = new Set([...FIELDS.map(nameOf), ...NAMES.split(" "), ...WORDS]);

/**
 * True when a piece carries a name that is taken or kept back, whatever its value. Key segments that
 * hold one are fenced when a URL is built, so that giving it a meaning never changes an old URL.
 */
export function isTaken(piece: string): boolean {
  const cut = piece.indexOf("_");
  if (cut === -1) return WORDS.includes(piece);
  return piece.startsWith("$") || TAKEN.has(piece.slice(0, cut));
}

/** Cuts a decoded segment into its pieces; both separators of the field are understood. */
export function splitPieces(segment: string): readonly string[] {
  return segment.split(/[,&]/);
}
