import { adviseOn } from "./advice.ts";
import { isTaken, splitPieces } from "./names.ts";
import { readPiece } from "./pieces.ts";
import type { Vocabulary } from "./presets.ts";

/**
 * Remarks on a segment that was read as part of the key although it looks like options, for whoever
 * finds that there is no such key.
 */
export function remarkOnKey(segment: string, vocabulary: Vocabulary): string | undefined {
  const typed = splitPieces(segment);
  const pieces = typed.map((piece) => readPiece(piece, vocabulary));
  const wrong = pieces.find(
    (piece, index) => piece.kind === "invalid" && isTaken(typed[index] ?? ""),
  );
  const wasRead = `"${segment}" was read as part of the key`;
  if (wrong?.kind === "invalid") {
    const advice = adviseOn(segment);
    return `${wasRead}: ${wrong.problem()}${advice ? `; ${advice}` : ""}`;
  }
  const isAlmost = pieces.some((piece) => piece.kind === "settings");
  return isAlmost ? `${wasRead}: it needs another option, such as a width, beside it` : undefined;
}
