import type { Edit } from "../edit.ts";
import { applyEdits } from "../edit.ts";
import { readLatin1 } from "../block.ts";

/** A profile that is written as text: a line with its name, one with its length, and lines of hexadecimal digits. */
interface Profile {
  readonly bytes: Uint8Array;
  /** Translates edits of these bytes to edits of the text. */
  readonly toTextEdits: (edits: readonly Edit[]) => readonly Edit[];
}

const BEGIN = /^\s*[^\n]*\n\s*\d+\s*\n/;

/** `undefined` for any other text. */
export function readTextProfile(text: Uint8Array): Profile | undefined {
  const letters = readLatin1(text, 0, text.length);
  const start = BEGIN.exec(letters)?.[0].length;
  if (start === undefined) return undefined;
  const bytes = Buffer.from(letters.slice(start).replaceAll(/[^\da-f]/gi, ""), "hex");
  return { bytes, toTextEdits: (edits) => [{ start, bytes: writeDigits(edits) }] };

  function writeDigits(edits: readonly Edit[]): Uint8Array {
    const written = new Uint8Array(bytes);
    applyEdits(written, edits);
    const digits = Buffer.from(written).toString("hex");
    let at = 0;
    const again = letters.slice(start).replaceAll(/[\da-f]/gi, (old) => {
      at += 1;
      return digits[at - 1] ?? old;
    });
    return Buffer.from(again, "latin1");
  }
}
