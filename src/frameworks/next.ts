import type { CreateUrlsOptions } from "../url/urls.ts";
import { buildImageUrl } from "./image-url.ts";
import { toSides } from "./size.ts";

/** The arguments that `next/image` gives to a loader. */
export interface NextLoaderProps {
  readonly src: string;
  readonly width: number;
  readonly quality?: number | undefined;
}

/**
 * Makes a loader for `next/image`. Next gives a width and never a height, so the shape of the image
 * stands in its `src`, with any other option of the grammar: `photos/a.jpg?ar=16:9&g=north`.
 *
 * @example export default createNextLoader({ baseUrl: "https://media.example.com" });
 */
export function createNextLoader(options: CreateUrlsOptions): (props: NextLoaderProps) => string {
  return ({ src, width, quality }) => {
    // images that the bundler has imported are the application's own
    if (src.startsWith("/_next/")) return src;
    const asked = { ...toSides({ width }), ...(quality && { quality }) };
    return buildImageUrl(src, asked, options);
  };
}
