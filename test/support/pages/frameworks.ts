import { createRequire } from "node:module";
import type { CreateImageOptions } from "@nuxt/image";
import { createImage } from "@nuxt/image/runtime";
import ipxProvider from "@nuxt/image/runtime/providers/ipx";
import type { getImageProps as GetImageProps, ImageProps } from "next/image.js";
import type { ComponentType, ReactNode } from "react";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import setUpProvider from "../../../src/frameworks/nuxt.ts";

interface NextImage {
  readonly default: ComponentType<ImageProps>;
  readonly getImageProps: typeof GetImageProps;
}

// a CommonJS module, which bundlers and Node give different default exports
const { default: Image, getImageProps } = createRequire(import.meta.url)("next/image") as NextImage;

export { getImageProps };

/** The attributes that `next/image` sends to browsers. */
export function renderNext(props: ImageProps): string {
  return render(createElement(Image, props));
}

export function render(element: ReactNode): string {
  return renderToStaticMarkup(element);
}

/** Nuxt Image as its module sets it up, with our provider and its own one for IPX. */
export function createNuxtImage(
  baseURL: string,
  modifiers?: Readonly<Record<string, unknown>>,
): ReturnType<typeof createImage> {
  const options: Omit<CreateImageOptions, "runtimeConfig"> = {
    providers: {
      shiftMedia: {
        setup: setUpProvider,
        defaults: { baseURL, ...(modifiers && { modifiers }) },
      },
      ipx: { setup: ipxProvider, defaults: { baseURL } },
    },
    provider: "shiftMedia",
    nuxt: { baseURL: "/" },
    presets: {},
    screens: { sm: 640, md: 768, lg: 1024, xl: 1280, "2xl": 1536 },
    alias: {},
    domains: [],
    densities: [1, 2],
    format: ["webp"],
  };
  return createImage(options as CreateImageOptions); // no provider here reads the configuration
}

/** The properties of `<NuxtImg>`. */
interface NuxtProps {
  readonly sizes?: string;
  readonly provider?: "shiftMedia" | "ipx";
  readonly [modifier: string]: unknown;
}

/** The image that `<NuxtImg>` renders, worked out as it does: the component itself needs a Nuxt build. */
export function renderNuxt(
  img: ReturnType<typeof createImage>,
  src: string,
  { sizes, provider, ...modifiers }: NuxtProps,
): string {
  const options = { ...(provider && { provider }) };
  const variants = img.getSizes(src, { ...options, ...(sizes && { sizes }), modifiers });
  const attributes = {
    src: sizes ? variants.src : img(src, modifiers, options),
    srcSet: variants.srcset,
    sizes: variants.sizes,
    width: Number(modifiers["width"]) || undefined,
    height: Number(modifiers["height"]) || undefined,
  };
  return render(createElement("img", attributes));
}

/** Attributes of the first tag, by name and unescaped. */
export function attributesOf(html: string): Readonly<Record<string, string>> {
  const found = html.matchAll(/ ([\w-]+)="([^"]*)"/g);
  return Object.fromEntries(
    [...found].map(([, name = "", value = ""]) => [
      name.toLowerCase(),
      value.replaceAll("&amp;", "&").replaceAll("&#x27;", "'").replaceAll("&quot;", '"'),
    ]),
  );
}

/** The candidates of a `srcset`, by their descriptor. */
export function candidatesOf(srcset: string | undefined): Readonly<Record<string, string>> {
  const candidates = (srcset ?? "").split(/,\s+/).map((candidate) => candidate.trim().split(" "));
  return Object.fromEntries(candidates.map(([url = "", descriptor = ""]) => [descriptor, url]));
}
