import type { Config } from "./config/config.ts";
import { loadConfig } from "./config/config.ts";
import type { Collection, CollectionOptions } from "./library/collection.ts";
import { createCollection } from "./library/collection.ts";
import type { MetadataSchema, MetadataInput, MetadataOutput } from "./library/collection.ts";
import type { Logger } from "./logger.ts";
import { createFiles, createLibraryDoor } from "./service/library.ts";
import type { MediaService } from "./service/service.ts";
import { createService } from "./service/service.ts";
import type { Stores } from "./service/stores.ts";

export type {
  Accept,
  Change,
  Collection,
  CollectionOptions,
  PutDetails,
  Taken,
} from "./library/collection.ts";
export type { Item, ItemImg } from "./library/item.ts";
export type { Usage } from "./library/ledger.ts";
export type { ListQuery, Page, PageQuery } from "./library/list.ts";
export type { JsonValue, Metadata } from "./library/metadata.ts";
export type { NamedFile, Naming } from "./library/names.ts";
export type { FileBody } from "./library/receive.ts";
export type { Refusal, RefusalCode } from "./library/refusal.ts";
export type { Deleted, DeleteOptions, DeleteTarget } from "./library/remove.ts";
export type { Quota, Scan, ScannedFile } from "./library/shelf.ts";
export type { Grant, Handler, HandlerOptions } from "./library/web/handler.ts";
export type { Logger } from "./logger.ts";
export type { TrashDays } from "./url/trash.ts";
export { MediaError } from "./errors.ts";
export { createMemoryStore } from "./store/memory.ts";

/** Where a library keeps files, and which service gives them out. */
export interface LibraryOptions {
  /** Where the service answers, or the CDN before it: `https://img.example.com`. */
  readonly baseUrl: string;
  /**
   * Where files and their variants are. Default: as the environment of the service says, by S3_BUCKET or ORIGINALS_DIR.
   */
  readonly store?:
    | { readonly bucket: string; readonly variantsBucket?: string }
    | { readonly folder: string; readonly variantsFolder: string }
    | Pick<Stores, "originals" | "variants">;
  /** Variables of the service, whose values go before those of `process.env`: `{ PRESETS: "card=w_300" }`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Learns of failures that fail no call. Default: nobody does. */
  readonly logger?: Logger;
}

/** A media library. Nothing is opened or started before the first call that needs it. */
export interface Library extends AsyncDisposable {
  /** Files under one folder, `posts/`, with rules of their own. */
  collection<Schema extends MetadataSchema | undefined = undefined>(
    name: string,
    options?: CollectionOptions<Schema>,
  ): Collection<MetadataInput<Schema>, MetadataOutput<Schema>>;
  /** All files of the store, those of every collection and those of other programs. */
  readonly files: Collection;
  /** Finishes what goes on behind the answers, and ends the image processes. A script ends only after it. */
  close(): Promise<void>;
}

/** A file may wait for an image process that has to start, and take its time: no page waits for it. */
const PATIENCE = { QUEUE_WAIT_MS: "60000", TRANSFORM_TIMEOUT_MS: "30000" };

/**
 * Opens a media library over the store of a service: what it keeps is what the service gives out.
 *
 * @example
 * const library = createLibrary({ baseUrl: "https://img.example.com", store: { bucket: "my-media" } });
 * const posts = library.collection("posts");
 * @throws Error that names each variable that is wrong
 */
export function createLibrary(options: LibraryOptions): Library {
  const variables = { ...process.env, ...toVariables(options), ...options.environment };
  const config = loadConfig({ ...PATIENCE, ...variables });
  let service: Promise<MediaService> | undefined;
  const open = (): Promise<MediaService> => {
    service ??= start(config, options).catch((error: unknown) => {
      service = undefined;
      throw error;
    });
    return service;
  };
  const door = createLibraryDoor(config, options.baseUrl, async () => (await open()).library);
  const close = async (): Promise<void> => {
    const running = await service;
    await running?.finishBackground();
    running?.stop();
    service = undefined;
  };
  return {
    collection: (name, rules) => createCollection(door, name, rules),
    files: createFiles(door),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The variables of the service that the options stand for. */
function toVariables({ store }: LibraryOptions): Readonly<Record<string, string | undefined>> {
  if (!store || "originals" in store) return {};
  if ("bucket" in store) {
    return { S3_BUCKET: store.bucket, S3_VARIANTS_BUCKET: store.variantsBucket };
  }
  return { S3_BUCKET: "", ORIGINALS_DIR: store.folder, VARIANTS_DIR: store.variantsFolder };
}

const SILENT: Logger = { info: () => {}, warn: () => {}, error: () => {} };

async function start(
  config: Config,
  { store, logger = SILENT }: LibraryOptions,
): Promise<MediaService> {
  const given = store && "originals" in store ? store : undefined;
  const service = await createService(config, logger, given);
  // folders are made with the first file
  if (given || config.store.kind === "s3") await service.probe();
  return service;
}
