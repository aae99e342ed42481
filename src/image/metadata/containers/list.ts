import { sniffFormat } from "../../input/formats.ts";
import type { Block, ListBlocks, OpaqueBlock } from "../block.ts";
import { MAX_BLOCKS, OPAQUE } from "../block.ts";
import { listGifBlocks } from "./gif.ts";
import { isHeif, listHeifBlocks } from "./heif.ts";
import { listJpegBlocks } from "./jpeg.ts";
import { listPngBlocks } from "./png.ts";
import { listWebpBlocks } from "./webp.ts";

const CONTAINERS: Readonly<Record<string, ListBlocks>> = {
  jpeg: listJpegBlocks,
  png: listPngBlocks,
  webp: listWebpBlocks,
  gif: listGifBlocks,
  avif: listHeifBlocks,
};

/**
 * Lists the metadata of JPEG with all images in it, PNG, WebP, GIF, AVIF or HEIC. Time and memory are bounded by the
 * length of the file, whatever its bytes. Of another format, and in place of more blocks than honest files have, there
 * is only an opaque one.
 */
export function* listImageBlocks(file: Uint8Array): Generator<Block | OpaqueBlock> {
  const list = CONTAINERS[sniffFormat(file) ?? ""] ?? (isHeif(file) ? listHeifBlocks : undefined);
  let count = 0;
  for (const block of list?.(file) ?? [OPAQUE]) {
    count += 1;
    yield count > MAX_BLOCKS ? OPAQUE : block;
    if (count > MAX_BLOCKS) return;
  }
}
