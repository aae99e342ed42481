import type { StandardSchemaV1 } from "@standard-schema/spec";
import { MediaError } from "../errors.ts";
import type { FocalPoint, Presets } from "../transform/spec.ts";
import { copyFile, moveFile, restoreFile, updateFile } from "./change.ts";
import type { Addresses, Item } from "./item.ts";
import type { Usage } from "./ledger.ts";
import { probeConditions, Ledger } from "./ledger.ts";
import type { ListQuery, Page, PageQuery } from "./list.ts";
import { countFiles, listItems, listPage } from "./list.ts";
import type { Metadata } from "./metadata.ts";
import type { Naming } from "./names.ts";
import { OWN_FOLDERS } from "./names.ts";
import type { PutFileOptions } from "./put.ts";
import { putFile } from "./put.ts";
import type { FileBody } from "./receive.ts";
import type { Refusal } from "./refusal.ts";
import { orRefusal } from "./refusal.ts";
import type { Deleted, DeleteOptions, DeleteTarget } from "./remove.ts";
import { deleteFiles } from "./remove.ts";
import type { LibraryParts, Quota, Scan, Shelf, ShelfRules } from "./shelf.ts";
import { findItem, toFolder } from "./shelf.ts";
import type { HandledCollection, Handler, HandlerOptions } from "./web/handler.ts";
import { createMediaRoutes } from "./web/handler.ts";

/** A schema of any library that speaks Standard Schema: zod, valibot, arktype. */
export type MetadataSchema = StandardSchemaV1<unknown, Metadata>;

/** The kinds of files, or media types: `image/heic`, `audio/*`. */
export type Accept = "image" | "video" | "audio" | "pdf" | "document" | `${string}/${string}`;

/** The rules of a collection. */
export interface CollectionOptions<Schema extends MetadataSchema | undefined = undefined> {
  /**
   * The files that it takes, told by the bytes and never by a name. `image`: what the service can transform. Other files are kept
   * and given out as they are. Default: `["image"]`.
   */
  readonly accept?: readonly Accept[];
  /** Bytes of a file. Default: 100 MB, or MAX_ORIGINAL_BYTES for images. */
  readonly maxBytes?: number;
  /** Pixels of an image, all of its frames together. Default: MAX_ORIGINAL_PIXELS. */
  readonly maxPixels?: number;
  /** How files are named. Default: `random`. */
  readonly key?: Naming;
  /** Keep where an image was taken. By default that is overwritten in EXIF, XMP and IPTC. */
  readonly keepLocation?: boolean;
  /** Names of presets whose variants are made as soon as an image is put. */
  readonly presets?: readonly string[];
  /** `await`: `put` waits for the presets. Default: `behind`. */
  readonly warm?: "await" | "behind";
  readonly quota?: Quota;
  /** Looks at each file before anybody else can see it. */
  readonly scan?: Scan;
  /** The metadata of the application: checked when it is written, and typed when it is read. */
  readonly meta?: Schema;
}

/** The metadata that a schema takes. */
export type MetadataInput<Schema> = Schema extends MetadataSchema
  ? StandardSchemaV1.InferInput<Schema>
  : Metadata;
/** The metadata that a schema gives. */
export type MetadataOutput<Schema> = Schema extends MetadataSchema
  ? StandardSchemaV1.InferOutput<Schema>
  : Metadata;

/** Metadata that the schema needs has to be given. */
export type PutDetails<In> = PutFileOptions &
  (Record<string, never> extends In ? { readonly meta?: In } : { readonly meta: In });

/** A file is there. */
export interface Taken<Meta = Metadata> {
  readonly ok: true;
  readonly item: Item<Meta>;
  /** The same bytes of this owner were there already, and nothing has changed. */
  readonly existed: boolean;
}

/** A change of a file; what is absent stays. */
export interface Change<In> {
  /** Replaces the metadata as a whole. */
  readonly meta?: In;
  /** The point that crops keep in sight: fractions of width and height; `none` takes it away. */
  readonly focal?: FocalPoint | "none";
  /** The name for downloads. */
  readonly name?: string;
}

/**
 * Files under one folder of the store, with rules of their own. Keys are whole: `posts/ann/01k….jpg`. Refusals of what a
 * user sent are values, `{ ok: false, code, message }`; faults are thrown as MediaError.
 */
export interface Collection<In = Metadata, Out = Metadata> {
  readonly name: string;
  /**
   * Takes a file: measures it, names it, keeps it. Nothing of it is public before all checks have passed.
   *
   * @example const taken = await posts.put(file, { owner: "ann", meta: { alt: "A ferry" } });
   */
  put(
    body: FileBody,
    ...options: Record<string, never> extends In
      ? [options?: PutDetails<In>]
      : [options: PutDetails<In>]
  ): Promise<Taken<Out> | Refusal>;
  /** The file under a key. */
  get(key: string): Promise<Item<Out> | undefined>;
  /** All files, one after the other. */
  list(query?: ListQuery): AsyncIterable<Item<Out>>;
  /** Some files at a time. */
  page(query?: PageQuery): Promise<Page<Item<Out>>>;
  /** Changes the metadata or the focal point. */
  update(key: string, change: Change<In>): Promise<Taken<Out> | Refusal>;
  /** Gives a file another key, which must be free; its variants are deleted. */
  move(from: string, to: string): Promise<Taken<Out> | Refusal>;
  copy(from: string, to: string): Promise<Taken<Out> | Refusal>;
  /**
   * Deletes files with all of their variants, at once. Other instances of the service notice within FRESHNESS_TTL_SECONDS;
   * a CDN has to be told the cache tags of the answer.
   */
  delete(target: DeleteTarget, options?: DeleteOptions): Promise<Deleted>;
  /** Brings back a file that was deleted with `after`. */
  restore(key: string): Promise<Taken<Out> | Refusal>;
  /** Serves the collection over HTTP: `app.all("/media/*", (c) => handle(c.req.raw))`. */
  handler(options: HandlerOptions): Handler;
  /** Counts what an owner keeps, or all; without a prefix, the quota goes by this count from then on. */
  usage(query?: ListQuery): Promise<Usage>;
}

/** Opens the parts of a library, which may not run yet. */
export interface LibraryDoor extends Addresses {
  open(): Promise<LibraryParts>;
  readonly variantsRoot: string;
  /** All keys begin with it. */
  readonly originalsPrefix: string;
  readonly maxImageBytes: number;
  /** Presets of the service. */
  readonly presets: Presets;
}

/** Bytes of a file that is no image. */
const DEFAULT_MAX_BYTES = 100 * 1024 * 1024;
/** The largest object that S3 takes in one piece. */
const MOST_BYTES = 5 * 1024 * 1024 * 1024;
const DEFAULTS = {
  accept: ["image"],
  key: "random",
  keepLocation: false,
  presets: [],
  warm: "behind",
} as const satisfies CollectionOptions;
const NAME = /^[a-z\d][\w.-]{0,62}$/i;

/** @param name that of the folder; empty for all files of the store */
export function createCollection<Schema extends MetadataSchema | undefined = undefined>(
  door: LibraryDoor,
  name: string,
  options: CollectionOptions<Schema> = {},
): Collection<MetadataInput<Schema>, MetadataOutput<Schema>> {
  const rules = toRules(door, name, options);
  let shelf: Promise<Shelf> | undefined;
  const enter = (): Promise<Shelf> => {
    shelf ??= openShelf(door, rules, options.quota).catch((error: unknown) => {
      shelf = undefined;
      throw error;
    });
    return shelf;
  };
  const run = <T>(work: (open: Shelf) => Promise<T>): Promise<T> => enter().then(work);
  const collection: Collection = {
    name,
    // the schema checks what callers send
    handler: (given) =>
      createMediaRoutes({ ...rules, collection: collection as HandledCollection }, given),
    put: (body, given = {}) => orRefusal(run((open) => putFile(open, body, given))),
    get: (key) => run((open) => findItem(open, key)),
    list: (query = {}) => listLater(enter, query),
    page: (query = {}) => run((open) => listPage(open, query)),
    update: (key, change) => orRefusal(run((open) => updateFile(open, key, change))),
    move: (from, to) => orRefusal(run((open) => moveFile(open, from, to))),
    copy: (from, to) => orRefusal(run((open) => copyFile(open, from, to))),
    delete: (target, given = {}) => run((open) => deleteFiles(open, target, given)),
    restore: (key) => orRefusal(run((open) => restoreFile(open, key))),
    usage: (query = {}) => run((open) => countUsage(open, query)),
  };
  // the schema has checked what is written, and so what is read
  return collection as unknown as Collection<MetadataInput<Schema>, MetadataOutput<Schema>>;
}

function countUsage(shelf: Shelf, { owner, prefix = "" }: ListQuery): Promise<Usage> {
  const ledger = prefix === "" ? shelf.ledgers.of(owner) : undefined;
  return ledger ? ledger.recount() : countFiles(shelf, toFolder(shelf.rules, owner) + prefix);
}

async function* listLater(enter: () => Promise<Shelf>, query: ListQuery): AsyncGenerator<Item> {
  yield* listItems(await enter(), query);
}

/** @throws MediaError `invalid_key` for a name that is no folder of its own */
function checkName(name: string, variantsRoot: string): void {
  const isTaken = [...OWN_FOLDERS, variantsRoot].includes(`${name}/`);
  if (name === "" || (NAME.test(name) && !isTaken)) return;
  const expected =
    "letters, digits, dots, hyphens and underscores, and not be a folder of the library";
  const problem = `the name of a collection must have ${expected}, got "${name}"`;
  throw new MediaError("invalid_key", problem);
}

/** @throws TypeError for a preset that the service does not have */
function checkPresets(names: readonly string[], presets: Presets): void {
  const unknown = names.find((name) => !presets.has(name));
  if (unknown === undefined) return;
  throw new TypeError(`there is no preset "${unknown}": presets are named in PRESETS`);
}

function toRules(
  { variantsRoot, originalsPrefix, maxImageBytes, presets }: LibraryDoor,
  name: string,
  given: CollectionOptions<MetadataSchema | undefined>,
): ShelfRules {
  checkName(name, variantsRoot);
  const options = { ...DEFAULTS, ...given };
  checkPresets(options.presets, presets);
  const isOfImages = options.accept.every((kind) => kind === "image");
  const maxBytes = options.maxBytes ?? (isOfImages ? maxImageBytes : DEFAULT_MAX_BYTES);
  return {
    prefix: originalsPrefix + (name === "" ? "" : `${name}/`),
    variantsRoot,
    hasForeign: name === "",
    accept: options.accept,
    maxBytes: Math.min(maxBytes, MOST_BYTES),
    maxPixels: options.maxPixels,
    naming: options.key,
    keepLocation: options.keepLocation,
    presets: options.presets,
    shouldAwaitPresets: options.warm === "await",
    scan: options.scan,
    schema: options.meta,
    needsOwner: options.quota?.per === "owner",
  };
}

async function openShelf(
  door: LibraryDoor,
  rules: ShelfRules,
  quota: Quota | undefined,
): Promise<Shelf> {
  const parts = await door.open();
  if (quota) await probeConditions(parts.originals, rules.prefix);
  const ledgers = new Map<string, Ledger>();
  const of = (owner: string | undefined): Ledger | undefined => {
    if (!quota) return undefined;
    const holder = quota.per === "owner" ? owner : undefined;
    if (quota.per === "owner" && holder === undefined) return undefined;
    const folder = toFolder(rules, holder);
    const known = ledgers.get(folder);
    if (known) return known;
    const ledger = new Ledger({
      store: parts.originals,
      key: `${folder}.quota.json`,
      limits: quota,
      holder: holder === undefined ? "this collection" : `"${holder}"`,
      count: (without) => countFiles({ rules, parts }, folder, without),
    });
    ledgers.set(folder, ledger);
    return ledger;
  };
  return { rules, parts, addresses: door, ledgers: { of } };
}
