import { MediaError } from "../errors.ts";
import type { CreateUrlsOptions } from "../url/urls.ts";
import { parseHints } from "./hints.ts";
import { buildImageUrl } from "./image-url.ts";
import { toSides } from "./size.ts";

/** The `options` of the provider in `nuxt.config.ts`; `modifiers` among them hold for every image. */
export interface NuxtProviderOptions extends Pick<CreateUrlsOptions, "comma" | "variantsRoot"> {
  /** Of the service: `https://media.example.com`. */
  readonly baseUrl?: string;
  /** The same, as Nuxt's own providers spell it. */
  readonly baseURL?: string;
}

interface ImageOptions extends NuxtProviderOptions {
  /** Those of Nuxt Image, and any option of the grammar. */
  readonly modifiers?: object;
}

export interface NuxtProvider {
  getImage(src: string, options: ImageOptions): { url: string };
}

const PROVIDER: NuxtProvider = { getImage };

/**
 * Gives the provider for `@nuxt/image`, as its `defineProvider` would: its name in `nuxt.config.ts` is
 * `shift-media/nuxt`.
 */
export default function setUpProvider(): NuxtProvider {
  return PROVIDER;
}

function getImage(
  src: string,
  { baseURL, baseUrl = baseURL, modifiers = {}, ...options }: ImageOptions,
): { url: string } {
  if (baseUrl === undefined) {
    const problem = 'the provider needs the option "baseUrl", such as https://media.example.com';
    throw new MediaError("invalid_path", problem);
  }
  const { width, height, ...rest } = toEntries(modifiers);
  const asked = {
    ...parseHints(`modifiers of "${src}"`, Object.entries(rest)),
    ...toSides({ width, height }),
  };
  const { comma, variantsRoot } = options;
  return {
    url: buildImageUrl(src, asked, {
      baseUrl,
      ...(comma && { comma }),
      ...(variantsRoot && { variantsRoot }),
    }),
  };
}

/** `outside` covers the box and shows what overhangs; the grammar cuts that off. */
function toEntries(modifiers: object): Readonly<Record<string, unknown>> {
  const entries: Readonly<Record<string, unknown>> = { ...modifiers };
  return entries["fit"] === "outside" ? { ...entries, fit: "cover" } : entries;
}
