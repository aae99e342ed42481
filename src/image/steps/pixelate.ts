import type { Region } from "../plan/sizes.ts";
import type { Pixels } from "../sharp/pixels.ts";
import { fromPixels, toPixels } from "../sharp/pixels.ts";

/**
 * Fills each block of `side` pixels with about its mean: the kernel takes a little from the blocks beside it. Blocks at
 * the right and at the bottom may be cut.
 */
export async function pixelate(pixels: Pixels, side: number): Promise<Pixels> {
  const { width, height } = pixels;
  const blocks = await shrinkBlocks(pixels, side);
  const size = { width: blocks.width * side, height: blocks.height * side };
  const enlarged = fromPixels(blocks).resize({ ...size, fit: "fill", kernel: "nearest" });
  return toPixels(enlarged.extract({ left: 0, top: 0, width, height }));
}

/** Makes each block one pixel. Cut blocks are scaled apart from the others, whose scale is another one. */
async function shrinkBlocks(pixels: Pixels, side: number): Promise<Pixels> {
  const { channels } = pixels;
  const [width, height] = [Math.ceil(pixels.width / side), Math.ceil(pixels.height / side)];
  const data = Buffer.alloc(width * height * channels);
  for (const region of splitCutBlocks(pixels, side)) {
    const size = { width: Math.ceil(region.width / side), height: Math.ceil(region.height / side) };
    const image = fromPixels(pixels)
      .extract(region)
      .resize({ ...size, fit: "fill", kernel: "cubic" });
    const part = await toPixels(image);
    for (let y = 0; y < size.height; y += 1) {
      const row = part.data.subarray(y * size.width * channels, (y + 1) * size.width * channels);
      data.set(row, ((region.top / side + y) * width + region.left / side) * channels);
    }
  }
  return { data, width, height, channels };
}

/** Whole blocks, and those that are cut at the right, at the bottom, and at both. */
function splitCutBlocks({ width, height }: Pixels, side: number): readonly Region[] {
  const [right, bottom] = [width % side, height % side];
  const [left, top] = [width - right, height - bottom];
  return [
    { left: 0, top: 0, width: left, height: top },
    { left, top: 0, width: right, height: top },
    { left: 0, top, width: left, height: bottom },
    { left, top, width: right, height: bottom },
  ].filter((region) => region.width > 0 && region.height > 0);
}
