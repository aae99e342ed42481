import type { TransformSpec } from "../transform/spec.ts";
import { toSpec } from "../transform/transform.ts";
import type { CreateUrlsOptions } from "../url/urls.ts";
import { createUrls, dropReplacedSize } from "../url/urls.ts";
import { shrinkToBounds } from "./size.ts";
import { readSource } from "./source.ts";

/**
 * The URL of an image as a component asks for it: what the component says goes before what its `src`
 * says, and that before the defaults; the format is `auto` unless one of them has another. A `src` that is
 * none of the service's is left as it is.
 *
 * @throws MediaError `invalid_transform`, `invalid_path`
 */
export function buildImageUrl(
  src: string,
  asked: TransformSpec,
  { defaults = {}, ...options }: CreateUrlsOptions,
): string {
  const urls = createUrls(options);
  const source = readSource(src, urls, options);
  if (!source) return src;
  const base: TransformSpec = { ...toSpec(defaults), ...source.spec };
  const merged = { ...dropReplacedSize(base, asked), ...asked };
  // a preset may have a format of its own, which one given here would replace
  const spec = shrinkToBounds(merged.presets ? merged : { format: "auto", ...merged });
  return urls.url(source.key, spec); // contradictions are refused there
}
