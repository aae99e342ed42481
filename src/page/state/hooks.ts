import { createContext } from "preact";
import { useContext, useEffect, useMemo, useState } from "preact/hooks";
import type { PageSettings } from "../../http/admin/page-routes.ts";
import { parsePresets } from "../../transform/presets.ts";
import type { Presets } from "../../transform/spec.ts";
import type { Urls } from "../../url/urls.ts";
import { createUrls } from "../../url/urls.ts";
import type { Client, FetchedImage } from "./client.ts";
import type { Place } from "./place.ts";
import { printPlace, readPlace } from "./place.ts";

/** The service as all parts of the page know it. */
export interface Service {
  readonly client: Client;
  readonly settings: PageSettings;
  readonly presets: Presets;
  /** Builds paths of the service. */
  readonly paths: Urls;
}

export const ServiceContext = createContext<Service | undefined>(undefined);

export function useService(): Service {
  const service = useContext(ServiceContext);
  if (!service) throw new Error("a part of the page must be inside of the service");
  return service;
}

export function connectService(client: Client, settings: PageSettings): Service {
  const { basePath: baseUrl, variantsRoot, presets } = settings;
  return {
    client,
    settings,
    presets: parsePresets(presets),
    paths: createUrls({ baseUrl, variantsRoot, presets }),
  };
}

/** The place that the address names, and the way to another. */
export function usePlace(presets: Presets): Place {
  const [fragment, setFragment] = useState(location.hash);
  useEffect(() => {
    const follow = (): void => setFragment(location.hash);
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return useMemo(() => readPlace(fragment, presets), [fragment, presets]);
}

/** Replaces the address: to change an option is no step to go back to. */
export function replacePlace(place: Place): void {
  history.replaceState(null, "", printPlace(place));
  dispatchEvent(new HashChangeEvent("hashchange"));
}

/** The value, once it has not changed for a while. */
export function useSettled<T>(value: T, ms: number): T {
  return useRested(value, ms, true) ?? value;
}

/** The same, but not before it may rest: `undefined` until then. */
export function useRested<T>(value: T, ms: number, mayRest: boolean): T | undefined {
  const [rested, setRested] = useState<T>();
  useEffect(() => {
    if (!mayRest) return undefined;
    const timer = setTimeout(() => setRested(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms, mayRest]);
  return rested;
}

/** The state of something that is fetched; what was there before stays until the next is. */
export interface Loaded<T> {
  readonly value?: T | undefined;
  readonly problem?: string | undefined;
  readonly isLoading: boolean;
}

/** Loads something again whenever its name changes, and gives up on what was asked for before. */
export function useLoaded<T>(
  name: string | undefined,
  load: (signal: AbortSignal) => Promise<T>,
): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({ isLoading: name !== undefined });
  useEffect(() => {
    if (name === undefined) {
      setLoaded({ isLoading: false });
      return undefined;
    }
    const controller = new AbortController();
    setLoaded(({ value }) => ({ value, isLoading: true }));
    load(controller.signal).then(
      (value) => controller.signal.aborted || setLoaded({ value, isLoading: false }),
      (error: unknown) =>
        controller.signal.aborted ||
        setLoaded({
          problem: error instanceof Error ? error.message : String(error),
          isLoading: false,
        }),
    );
    return () => controller.abort();
  }, [name]);
  return loaded;
}

/** An image that was fetched, with a URL for an `<img>`. */
export interface ShownImage extends FetchedImage {
  readonly url: string;
}

/** Fetches an image by its path. */
export function useImage(path: string | undefined, isKept = false): Loaded<ShownImage> {
  const { client } = useService();
  const loaded = useLoaded<ShownImage>(path, async (signal) => {
    const image = await client.image(path ?? "", { signal, isKept });
    return { ...image, url: URL.createObjectURL(image.blob) };
  });
  const url = loaded.value?.url;
  useEffect(() => () => (url === undefined ? undefined : URL.revokeObjectURL(url)), [url]);
  return loaded;
}

/** The path of a variant, or the reason why there is none. */
export function tryPath(build: () => string): {
  readonly path?: string;
  readonly problem?: string;
} {
  try {
    return { path: build() };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
