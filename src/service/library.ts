import { Semaphore } from "../async/semaphore.ts";
import type { Config } from "../config/config.ts";
import type { LibraryDoor } from "../library/collection.ts";
import { createCollection } from "../library/collection.ts";
import type { Collection } from "../library/collection.ts";
import type { LibraryParts } from "../library/shelf.ts";
import type { MeasureDeps } from "../image/facts/measure.ts";
import type { PurgeDeps } from "../media/purge/purge.ts";
import { purgeAll } from "../media/purge/purge.ts";
import { createSigner } from "../sign.ts";
import { createUrls } from "../url/urls.ts";

/**
 * Describes the library that belongs to a service.
 *
 * @param baseUrl the beginning of all URLs
 * @param open gives the parts of the service, which may not run yet
 */
export function createLibraryDoor(
  { access, prefix, maxOriginalBytes }: Pick<Config, "access" | "prefix" | "maxOriginalBytes">,
  baseUrl: string,
  open: LibraryDoor["open"],
): LibraryDoor {
  const { secrets, policy, originals, presets } = access;
  const sign = secrets.length > 0 && { sign: createSigner(secrets.join(",")) };
  return {
    urls: createUrls({ baseUrl, variantsRoot: prefix.root, ...sign }),
    mayHaveVersion: secrets.length > 0 || policy.isOpen,
    open,
    variantsRoot: prefix.root,
    originalsPrefix: originals.prefix,
    maxImageBytes: maxOriginalBytes,
    presets,
  };
}

export interface LibraryPartsDeps extends Pick<
  LibraryParts,
  "originals" | "makeVariants" | "background" | "deadlineMs"
> {
  readonly measuring: MeasureDeps;
  readonly purging: PurgeDeps;
  /** Image processes. */
  readonly workers: number;
}

/** Gives a library the parts of a service. */
export function createLibraryParts({
  measuring,
  purging,
  workers,
  ...parts
}: LibraryPartsDeps): LibraryParts {
  // images wait on the disk, and not in memory
  const turns = new Semaphore({ limit: workers + 1 });
  return {
    ...parts,
    measureFile: async (file, options) => {
      // on demand: a service that only gives images out needs no table of all other types
      const { measureFile } = await import("../image/facts/measure.ts");
      return turns.run(() => measureFile(measuring, file, options), options);
    },
    purgeVariants: (key) => purgeAll(purging, key),
    forgetOriginal: (key) => {
      purging.cache.deleteOriginal(key);
      purging.forgetOriginal?.(key);
    },
  };
}

/** All files of the store, those of collections and those of other programs. */
export function createFiles(door: LibraryDoor): Collection {
  return createCollection(door, "", { accept: ["image", "video", "audio", "document"] });
}
