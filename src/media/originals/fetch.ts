import { MediaError } from "../../errors.ts";
import type { GetResult, ObjectStore, OpenOptions, OpenResult } from "../../store/store.ts";
import { tooLarge } from "../../store/store.ts";
import type { Observe } from "../observe.ts";
import type { OriginalVersion } from "./locate.ts";
import type { OpenBodies } from "../open-bodies.ts";

interface FetchDeps {
  readonly store: Pick<ObjectStore, "get" | "open">;
  readonly streams: OpenBodies;
  readonly maxBytes: number;
  readonly observe: Observe;
}

/** Reads an original as it is taken. @throws MediaError `too_large`, and what the store throws */
export async function openOriginalBody(
  { store, streams, maxBytes, observe }: FetchDeps,
  key: string,
  options: OpenOptions,
): Promise<OpenResult> {
  observe({ kind: "fetch" });
  const result = await streams.open(store, key, options);
  if (result.kind !== "found" || result.info.size <= maxBytes) return result;
  result.body.close();
  throw tooLarge(result.info.size, maxBytes);
}

/** How many bytes to make room for before it is read: what it has, or what it may have. */
export function getBytesToReserve(
  { maxBytes }: Pick<FetchDeps, "maxBytes">,
  known: OriginalVersion | undefined,
): number {
  if (!known) return maxBytes;
  if (known.size > maxBytes) throw tooLarge(known.size, maxBytes);
  return known.size;
}

/** Reads an original as a whole. @throws MediaError `too_large`, and what the store throws */
export async function fetchOriginal(
  { store, maxBytes, observe }: Omit<FetchDeps, "streams">,
  key: string,
  signal: AbortSignal,
): Promise<Exclude<GetResult, { kind: "not_modified" }>> {
  observe({ kind: "fetch" });
  const result = await store.get(key, { maxBytes, signal });
  if (result.kind !== "not_modified") return result;
  throw new MediaError("store_failed", "the store answered 304 without being asked to");
}
