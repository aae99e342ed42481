import { splitPieces } from "./names.ts";
import { readPiece } from "./pieces.ts";
import type { Vocabulary } from "./presets.ts";

/**
 * Remarks on a segment that was read as part of the key although it looks like options, for whoever
 * finds that there is no such key.
 */
export function remarkOnKey(segment: string, vocabulary: Vocabulary): string | undefined {
  const pieces = splitPieces(segment).map((piece) => readPiece(piece, vocabulary));
  const wrong = pieces.find((piece) => piece.kind === "invalid" && piece.isRegistered);
  const wasRead = `"${segment}" was read as part of the key`;
  if (wrong?.kind === "invalid") return `${wasRead}: ${wrong.problem()}`;
  const isAlmost = pieces.some((piece) => piece.kind === "settings");
  return isAlmost ? `${wasRead}: it needs another option, such as a width, beside it` : undefined;
}
