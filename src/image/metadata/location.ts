import type { BlockKind } from "./block.ts";
import { listImageBlocks } from "./containers/list.ts";
import type { Edit, Extent } from "./edit.ts";
import { fill, isChange, shiftEdits } from "./edit.ts";
import { findExifLocation, listNested } from "./exif.ts";
import { findIptcLocation, listResources } from "./iptc.ts";
import { findXmpLocation, MarkupBudget } from "./xmp.ts";

/** The location that a file names. */
export interface LocationSearch {
  /** False where the file may name one that was not looked for: in another format, in broken or too much metadata. */
  readonly isComplete: boolean;
  /** Overwrites all that was found; the length of the file stays. */
  readonly edits: readonly Edit[];
}

/**
 * Finds where an image was made, in Exif, XMP and IPTC: coordinates, and the names of places. Orientation, colours,
 * dates and copyright are not part of that.
 */
export function findLocation(file: Uint8Array): LocationSearch {
  const budget = new MarkupBudget();
  const edits: (readonly Edit[])[] = [];
  let isComplete = true;
  for (const block of listImageBlocks(file)) {
    if (block.kind === "opaque") {
      isComplete = false;
    } else {
      const found = findInBlock(block.kind, block.bytes, budget);
      edits.push(block.toFileEdits(found.filter((edit) => isChange(block.bytes, edit))));
    }
  }
  return { isComplete, edits: edits.flat() };
}

function findInBlock(kind: BlockKind, bytes: Uint8Array, budget: MarkupBudget): readonly Edit[] {
  if (kind !== "exif") return findFlat(kind, bytes, budget);
  const nested = listNested(bytes).flatMap((block) => findInside(bytes, block, budget));
  return [...findExifLocation(bytes), ...nested];
}

/** Looks no further than into the resources of Photoshop: Exif inside of them has no blocks of its own. */
function findFlat(kind: BlockKind, bytes: Uint8Array, budget: MarkupBudget): readonly Edit[] {
  switch (kind) {
    case "exif":
      return findExifLocation(bytes);
    case "xmp":
      return findXmpLocation(bytes, budget);
    case "iptc":
      return findIptcLocation(bytes);
    case "photoshop":
      return [...listResources(bytes)].flatMap((block) => findInside(bytes, block, budget));
    default:
      return [fill(0, bytes.length)];
  }
}

function findInside(
  bytes: Uint8Array,
  { kind, start, end }: Extent & { readonly kind: BlockKind },
  budget: MarkupBudget,
): readonly Edit[] {
  return shiftEdits(findFlat(kind, bytes.subarray(start, end), budget), start);
}
