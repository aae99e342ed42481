import type { Config } from "../config/config.ts";
import { describePolicy, printPresets } from "../config/policy.ts";
import type { PageDeps } from "../http/admin/page-routes.ts";
import { isImageKey } from "../image/input/formats.ts";
import type { ListOriginalsDeps } from "../media/originals/list.ts";
import { listOriginals } from "../media/originals/list.ts";
import type { PreviewDeps } from "../media/variants/preview.ts";
import { findStoredVariant, previewVariant } from "../media/variants/preview.ts";
import { createSigner } from "../sign.ts";

/** True for the extension of an image, and for a key without any: its bytes decide. */
function mayBeImage(key: string): boolean {
  const name = key.slice(key.lastIndexOf("/") + 1);
  return isImageKey(key) || (name !== "" && !name.includes("."));
}

/** Connects the routes of the page with the use cases. */
export function createPage(
  { access, basePath, prefix }: Pick<Config, "access" | "basePath" | "prefix">,
  deps: PreviewDeps & Pick<ListOriginalsDeps, "store">,
): PageDeps["page"] {
  const [secret] = access.secrets;
  const listing = { store: deps.store, variantsRoot: prefix.root, isImage: mayBeImage };
  return {
    settings: {
      basePath,
      originalsPrefix: access.originals.prefix,
      variantsRoot: prefix.root,
      presets: printPresets(access.presets),
      policy: describePolicy(access),
      canSign: secret !== undefined,
    },
    list: (input) => listOriginals(listing, input),
    sign: secret === undefined ? undefined : createSigner(secret),
    preview: (request, options) => previewVariant(deps, request, options),
    findStored: (request) => findStoredVariant(deps, request),
  };
}
