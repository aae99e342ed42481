import { tryPath, useLoaded, useService } from "./hooks.ts";

/** The part of the description of an original that is shown. */
export interface SourceFacts {
  /** In pixels, upright. */
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
  readonly format: string;
}

/** The facts about an original, as `f_json` has them. */
export function useDescription(key: string): SourceFacts | undefined {
  const { client, paths } = useService();
  const { path } = tryPath(() => paths.url(key, { format: "json" }));
  const { value } = useLoaded(path, async (signal) => {
    const { blob } = await client.image(path ?? "", { signal });
    return JSON.parse(await blob.text()) as SourceFacts; // the service wrote it
  });
  return value;
}
