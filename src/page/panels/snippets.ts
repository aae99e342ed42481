import { getKeyFormat } from "../../transform/negotiate.ts";
import { printTransform, printValue } from "../../transform/options.ts";
import type { TransformSpec } from "../../transform/spec.ts";
import type { ImgOptions } from "../../url/img.ts";
import { encodeKey, encodeTransform } from "../../url/percent.ts";
import type { Urls } from "../../url/urls.ts";

/** The image that code is written for. */
export interface Subject {
  readonly key: string;
  readonly spec: TransformSpec;
  /** Where the service is: `https://img.example.com`. */
  readonly baseUrl: string;
  /** The height to a width of 1, as far as it is known. */
  readonly ratio: number | undefined;
  readonly urls: Urls;
}

/** Code that uses the variant, by its name. */
export const SNIPPETS = {
  URL: ({ urls, key, spec }) => urls.url(key, asImage(spec)),
  "<img>": ({ urls, key, spec }) => {
    return printTag("img", { ...urls.img(key, asImage(spec)), alt: printAlt(key) });
  },
  "<picture>": ({ urls, key, spec }) => {
    const { format: _, ...rest } = spec;
    const { sources, img } = urls.picture(key, asImage(rest));
    return [
      "<picture>",
      ...sources.map((source) => printTag("source", source, "  ")),
      printTag("img", { ...img, alt: printAlt(key) }, "  "),
      "</picture>",
    ].join("\n");
  },
  Next: (subject) => `// image-loader.ts, as images.loaderFile of next.config.ts names it
"use client";
${printImport("{ createNextLoader }", "shift-media/next")}

export default createNextLoader({ baseUrl: ${quote(subject.baseUrl)} });

// anywhere
${printImport("Image", "next/image")}

<Image
  src=${quote(printSource(subject))}
${printSides(subject, (name, value) => `  ${name}={${value}}`)}
  alt=${quote(printAlt(subject.key))}
/>`,
  Nuxt: (subject) => `// nuxt.config.ts
export default defineNuxtConfig({
  modules: ["@nuxt/image"],
  image: {
    provider: "shiftMedia",
    providers: {
      shiftMedia: {
        provider: "shift-media/nuxt",
        options: { baseURL: ${quote(subject.baseUrl)} },
      },
    },
  },
});

<!-- anywhere -->
<NuxtImg
  src=${quote(printSource(subject))}
${printSides(subject, (name, value) => `  ${name}="${value}"`)}
  alt=${quote(printAlt(subject.key))}
/>`,
  unpic: (subject) => `${printImport("{ Image }", "@unpic/react/base")}
${printImport("{ transform }", "shift-media/unpic")}

<Image
  src=${quote(encodeKey(subject.key))}
  transformer={transform}
  options={{ baseURL: ${quote(subject.baseUrl)} }}
  operations={${printObject(withoutSides(subject.spec))}}
${printSides(subject, (name, value) => `  ${name}={${value}}`)}
  alt=${quote(printAlt(subject.key))}
/>`,
  TypeScript: ({ key, spec, baseUrl }) => `${printImport("{ createUrls }", "shift-media")}

const urls = createUrls({ baseUrl: ${quote(baseUrl)} });

urls.url(${quote(key)}, ${printObject(spec)});`,
  curl: ({ urls, key, spec }) => {
    const { format = getKeyFormat(key) } = spec;
    const accept = format === "auto" ? '-H "Accept: image/avif,image/webp" ' : "";
    return `curl -sL ${accept}-o image ${shellQuote(urls.url(key, asImage(spec)))}`;
  },
} as const satisfies Readonly<Record<string, (subject: Subject) => string>>;

export type SnippetName = keyof typeof SNIPPETS;

/** Its format may be a description, which the service would refuse in an `<img>`. */
function asImage(spec: TransformSpec): ImgOptions {
  return spec as unknown as ImgOptions;
}

/** Prints a tag with an attribute to a line, and a candidate of a `srcset` to a line. */
function printTag(name: string, attributes: object, indent = ""): string {
  const lines = Object.entries(attributes).map(([attribute, value]) => {
    const text = escapeHtml(String(value)).replaceAll(/(?<= \d+w), /g, `,\n${indent}    `);
    const isList = attribute === "srcset" && text.includes("\n");
    return `${indent}  ${attribute}="${isList ? `\n${indent}    ` : ""}${text}"`;
  });
  return `${indent}<${name}\n${lines.join("\n")}\n${indent}>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}

/** A text for those who do not see the image, to begin with: its name. */
function printAlt(key: string): string {
  const name = key.split("/").pop() ?? key;
  return name.replace(/\.[^.]*$/, "").replaceAll(/[-_]+/g, " ");
}

/** The `src` of components: the key with all options but the size, which the component chooses. */
function printSource({ key, spec }: Subject): string {
  const { width, height, ...rest } = spec;
  const ratio = width && height && !rest.aspectRatio ? { aspectRatio: { width, height } } : {};
  const pieces = printTransform({ ...withoutAuto(rest), ...ratio })
    .split(",")
    .filter(Boolean);
  const query = pieces.map((piece) => piece.replace("_", "=")).join("&");
  return (
    encodeKey(key) +
    (query && `?${encodeTransform(query).replaceAll("%3D", "=").replaceAll("%26", "&")}`)
  );
}

/** Components ask for `auto` by themselves. */
function withoutAuto(spec: TransformSpec): TransformSpec {
  const { format, ...rest } = spec;
  return format === "auto" ? rest : spec;
}

function withoutSides(spec: TransformSpec): TransformSpec {
  const { width: _, height: __, ...rest } = spec;
  return withoutAuto(rest);
}

function printSides(
  { spec, ratio }: Subject,
  print: (name: string, value: number) => string,
): string {
  const { width = 800, aspectRatio } = spec;
  const shape = aspectRatio ? aspectRatio.height / aspectRatio.width : ratio;
  const height = spec.height ?? (shape && Math.round(width * shape));
  return [print("width", width), ...(height ? [print("height", height)] : [])].join("\n");
}

/** A spec as a program writes it. */
function printObject(spec: TransformSpec): string {
  const fields = Object.entries(spec).map(([field, value]) => {
    const written =
      field === "aspectRatio" ? printValue("aspectRatio", value as never) : (value as unknown); // a ratio
    return `${field}: ${printLiteral(written)}`;
  });
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
}

function printLiteral(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(printLiteral).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([name, item]) => `${name}: ${printLiteral(item)}`);
  return `{ ${entries.join(", ")} }`;
}

function printImport(names: string, from: string): string {
  return `import ${names} from ${quote(from)};`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
