import type { Config } from "../config/config.ts";
import { MediaError } from "../errors.ts";
import { parseTransform } from "../transform/parse.ts";
import { createUrls } from "../url/urls.ts";
import { getSigner } from "./sign.ts";

/** An origin for the builder of URLs, of which only the path is used. */
const NOWHERE = "http://localhost";

interface SampleOptions {
  /** Further options, such as `f_auto`. */
  readonly more?: string;
  /** Unix time in seconds when a signed path expires. Default: never. */
  readonly expires?: number;
}

/** Builds the path of a variant that the policy allows, signed if there is a secret. */
export function buildSamplePath(
  config: Config,
  key: string,
  { more, expires }: SampleOptions = {},
): string | undefined {
  const text = pickTransform(config);
  if (text === undefined) return undefined;
  const { access, basePath, prefix } = config;
  const isSigned = access.secrets.length > 0;
  try {
    const urls = createUrls({
      baseUrl: NOWHERE + basePath,
      variantsRoot: prefix.root,
      ...(isSigned && { sign: getSigner(config) }),
    });
    const transform = parseTransform([text, more].filter(Boolean).join(","), access.presets);
    const url = urls.url(key, { ...transform, ...(isSigned && expires && { expires }) });
    return url.slice(NOWHERE.length);
  } catch (error) {
    if (error instanceof MediaError) return undefined; // such a key cannot be requested
    throw error;
  }
}

function pickTransform({ access }: Config): string | undefined {
  const { policy, presets, secrets } = access;
  if (policy.isOpen || secrets.length > 0) return "w_64";
  const [preset] = presets.keys();
  if (preset !== undefined) return `t_${preset}`;
  const [width] = policy.allowed?.widths ?? [];
  return width === undefined ? undefined : `w_${width}`;
}
