import { printTransform } from "../../transform/options.ts";
import { parseTransform } from "../../transform/parse.ts";
import type { Presets, TransformSpec } from "../../transform/spec.ts";
import { decodeSegment, encodeKey, encodeTransform } from "../../url/percent.ts";

/** The part of the page that is open. It is the fragment of the address, so that a link leads back to it. */
export type Place =
  | { readonly kind: "folder"; readonly prefix: string; readonly search: string }
  | { readonly kind: "image"; readonly key: string; readonly spec: TransformSpec };

/** Prints a place as a fragment: `#/photos/`, `#/photos/?search=cat`, `#/photos/cat.jpg?w_300,h_200`. */
export function printPlace(place: Place): string {
  if (place.kind === "image") {
    const options = encodeTransform(printTransform(place.spec));
    return `#/${encodeKey(place.key)}${options && `?${options}`}`;
  }
  const query = place.search && `?search=${encodeURIComponent(place.search)}`;
  return `#/${encodeKey(place.prefix)}${query}`;
}

/** Reads a fragment; options that are wrong are left out. */
export function readPlace(fragment: string, presets: Presets): Place {
  const [path = "", query = ""] = fragment.replace(/^#\/?/, "").split("?");
  const key = path.split("/").map(decodeSegment).join("/");
  if (key === "" || key.endsWith("/")) {
    return { kind: "folder", prefix: key, search: new URLSearchParams(query).get("search") ?? "" };
  }
  return { kind: "image", key, spec: readSpec(decodeSegment(query), presets) ?? {} };
}

/** Reads the text of a transform; `undefined` when it is wrong. */
export function readSpec(text: string, presets: Presets): TransformSpec | undefined {
  try {
    return parseTransform(text, presets);
  } catch {
    return undefined;
  }
}
