import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Library, LibraryOptions, Refusal, Taken } from "../../../src/library.ts";
import { createLibrary } from "../../../src/library.ts";
import type { ObjectStore } from "../../../src/store/store.ts";
import { drawQuadrants } from "../images.ts";

export const BASE_URL = "https://img.example.com";

/** Short deadlines, one image process. */
const ENVIRONMENT = {
  POLICY: "open",
  POOL_SIZE: "1",
  REQUEST_TIMEOUT_MS: "200",
  PRESETS: "card=w_40,h_30 hero=w_50",
};

export function openLibrary(
  store: NonNullable<LibraryOptions["store"]>,
  environment: Readonly<Record<string, string | undefined>> = {},
): Library {
  return createLibrary({
    baseUrl: BASE_URL,
    store,
    environment: { ...ENVIRONMENT, ...environment },
  });
}

/** Two folders that are not there yet. */
export async function createScratch(): Promise<{
  readonly folder: string;
  readonly variantsFolder: string;
  remove(): Promise<void>;
}> {
  const root = await mkdtemp(join(tmpdir(), "shift-media-library-"));
  return {
    folder: join(root, "originals"),
    variantsFolder: join(root, "variants"),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** An image that no other call gives. */
export async function drawUnique(width = 80, height = 40): Promise<Uint8Array<ArrayBuffer>> {
  const text = `SOFTWARE=${randomUUID()}`;
  const bytes = await drawQuadrants(width, height)
    .withExif({ IFD0: { Software: text } })
    .jpeg()
    .toBuffer();
  return new Uint8Array(bytes);
}

/** The item of a put that must not be refused. */
export function accept<M>(outcome: Taken<M> | Refusal): Taken<M> {
  if (outcome.ok) return outcome;
  throw new Error(`refused, ${outcome.code}: ${outcome.message}`);
}

/** The code of a refusal, or `taken`. */
export function codeOf(outcome: Taken<unknown> | Refusal): string {
  return outcome.ok ? "taken" : outcome.code;
}

export async function listKeys(store: Pick<ObjectStore, "list">, prefix = ""): Promise<string[]> {
  return [...(await store.list({ prefix })).keys];
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
