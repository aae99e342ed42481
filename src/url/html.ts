import { MediaError } from "../errors.ts";
import type { ImgAttributes, Picture } from "./img.ts";

/** Attributes by name; `true` stands for one without a value, `false` and `undefined` for none. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * Prints what `img` and `picture` give as HTML, with further attributes of the `<img>`. Values are escaped.
 *
 * @example html(urls.img("cat.jpg", { width: 300 }), { alt: "A cat", loading: "lazy" })
 * @throws MediaError `invalid_transform` for the name of an attribute that HTML does not have
 */
export function html(image: ImgAttributes | Picture, attributes: Attributes = {}): string {
  const isPicture = "sources" in image;
  const img = printTag("img", { ...(isPicture ? image.img : image), ...attributes });
  if (!isPicture) return img;
  const sources = image.sources.map((source) => printTag("source", { ...source }));
  return `<picture>${sources.join("")}${img}</picture>`;
}

function printTag(name: string, attributes: Attributes): string {
  const printed = Object.entries(attributes).flatMap(([attribute, value]) => {
    if (value === undefined || value === false) return [];
    if (!/^[a-z][a-z\d:_-]*$/i.test(attribute)) {
      const problem = `an attribute must have a name such as alt or data-id, got "${attribute}"`;
      throw new MediaError("invalid_transform", problem);
    }
    return value === true ? ` ${attribute}` : ` ${attribute}="${escape(String(value))}"`;
  });
  return `<${name}${printed.join("")}>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  '"': "&quot;",
  "<": "&lt;",
  ">": "&gt;",
};

function escape(text: string): string {
  return text.replace(/[&"<>]/g, (character) => ENTITIES[character] ?? character);
}
