import { randomUUID } from "node:crypto";
import { orAbort } from "../async/abort.ts";
import { Scope } from "../async/scope.ts";
import { MediaError } from "../errors.ts";
import type { Facts } from "../image/facts/facts.ts";
import type { ObjectInfo, ObjectStore, PutOptions } from "../store/store.ts";
import type { FocalPoint } from "../transform/spec.ts";
import { encodeSegment } from "../url/percent.ts";
import type { Item } from "./item.ts";
import { createItem } from "./item.ts";
import type { Shelf } from "./shelf.ts";
import { checkOwnFolder, checkOwnKey, findItem, isAccepted, toFolder } from "./shelf.ts";
import type { Kept } from "./metadata.ts";
import {
  checkFocal,
  checkMeta,
  hasRest,
  isBegun,
  printKept,
  toSidecarKey,
  writeRest,
} from "./metadata.ts";
import { cleanName, nameFile } from "./names.ts";
import type { FileBody, Received } from "./receive.ts";
import { getName, hashFile, toByteSource, withReceived } from "./receive.ts";
import { Refused } from "./refusal.ts";

/** How a file is put, beside the rules of its collection. */
export interface PutFileOptions {
  /** Whose file it is: a folder of the collection, and the holder of a quota. */
  readonly owner?: string | undefined;
  /** The name of the user's file. Default: that of a `File` or of a path. */
  readonly name?: string | undefined;
  /** The length that was declared for a stream, in bytes: another one is refused. */
  readonly size?: number | undefined;
  readonly focal?: FocalPoint | undefined;
  /** The whole key, instead of a name by the rules of the collection. */
  readonly key?: string | undefined;
  /** Replace the file that is under the key; by default it is refused with `exists`. */
  readonly replace?: boolean | undefined;
  /** Ends the put, which then throws its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A file is there. */
export interface TakenFile {
  readonly ok: true;
  readonly item: Item;
  /** The same bytes of this owner were there already, and nothing has changed. */
  readonly existed: boolean;
}

/** Milliseconds for measuring, and for a scan. */
const CHECK_MS = 60_000;
/** A random name is hardly ever taken; another one is then drawn. */
const MAX_ATTEMPTS = 3;

/** @throws Refused for what the user has sent; MediaError for faults */
export async function putFile(
  shelf: Shelf,
  body: FileBody,
  given: PutFileOptions & { readonly meta?: unknown },
): Promise<TakenFile> {
  const { rules } = shelf;
  if (rules.needsOwner && given.owner === undefined) {
    throw new TypeError("a collection with a quota per owner needs an owner");
  }
  const meta = await checkMeta(rules.schema, given.meta);
  const folder = toFolder(rules, given.owner);
  if (given.key !== undefined) {
    checkOwnKey(rules, given.key);
    checkOwnFolder(rules, given.owner, given.key);
  }
  const focal = given.focal && checkFocal(given.focal);
  const { maxBytes } = rules;
  const { size, signal } = given;
  const receive = { maxBytes, ...(size !== undefined && { size }), ...(signal && { signal }) };
  return withReceived(body, receive, async (received) => {
    const name = cleanName(given.name ?? getName(body));
    const { facts, sha256 } = await inspect(shelf, received, name, signal);
    const { type, extension, ...measured } = facts;
    const kept: Kept = {
      ...measured,
      sha256,
      putId: randomUUID(),
      name,
      createdAt: new Date().toISOString(),
      meta,
      ...(given.owner !== undefined && { owner: given.owner }),
      ...(focal && { focal }),
    };
    const named = { name, extension, type, sha256, owner: given.owner };
    const createKey = (): string => given.key ?? folder + nameFile(rules.naming, named);
    const taken = await publish(shelf, { received, kept, type, createKey, given });
    if (!taken.existed) await makePresets(shelf, taken.item);
    return taken;
  });
}

/** Measures a file, takes its location away, and lets `scan` look at it. */
async function inspect(
  { rules, parts }: Shelf,
  received: Received,
  name: string,
  given: AbortSignal | undefined,
): Promise<{ readonly facts: Facts; readonly sha256: string }> {
  using scope = new Scope({ timeoutMs: CHECK_MS, signals: [given] });
  const { signal } = scope;
  const { keepLocation } = rules;
  const facts = await parts.measureFile(received, { signal, keepLocation });
  const { type } = facts;
  checkPixels(facts, rules.maxPixels);
  if (!isAccepted(rules.accept, facts)) {
    const expected = rules.accept.join(", ");
    throw new Refused("unsupported", `the file must be one of ${expected}, got ${type}`);
  }
  const { path, size: bytes } = received;
  const sha256 = facts.gps === "removed" ? await hashFile(path) : received.sha256;
  // it may not listen to its signal
  const scanned = Promise.resolve(rules.scan?.({ path, name, type, bytes }, signal));
  const problem = await orAbort(scanned, signal).catch((cause: unknown) => {
    if (!signal.aborted || given?.aborted) throw cause;
    throw new MediaError("timeout", "the file was not scanned in time", { cause });
  });
  if (typeof problem === "string") throw new Refused("refused_by_scan", problem);
  return { facts, sha256 };
}

function checkPixels({ width = 0, height = 0, frames = 1 }: Facts, most = Infinity): void {
  const pixels = width * height * frames;
  if (pixels <= most) return;
  throw new Refused("too_large", `the image must have at most ${most} pixels, got ${pixels}`);
}

interface Publication {
  readonly received: Received;
  readonly kept: Kept;
  readonly type: string;
  readonly createKey: () => string;
  readonly given: PutFileOptions;
}

/** Writes a file under a key that nobody else has. */
async function publish(shelf: Shelf, publication: Publication): Promise<TakenFile> {
  const { rules } = shelf;
  for (let attempt = 1; ; attempt += 1) {
    const key = publication.createKey();
    checkOwnKey(rules, key);
    const outcome = await publishUnder(shelf, key, publication);
    if (outcome) return outcome;
    const mayRetry = isNamedByChance(shelf, publication.given) && attempt < MAX_ATTEMPTS;
    if (!mayRetry) throw new Refused("exists", `there is a file "${key}" already`);
  }
}

/** `undefined` when another file is under the key. */
async function publishUnder(
  shelf: Shelf,
  key: string,
  publication: Publication,
): Promise<TakenFile | undefined> {
  const { received, kept, given } = publication;
  const present = await findPresent(shelf, key, given);
  if (present && isSame(shelf, present, kept)) return adopt(shelf, key);
  if (present && !given.replace) return undefined;
  const ledger = shelf.ledgers.of(given.owner);
  const entry = await ledger?.reserve({ key, putId: kept.putId, bytes: received.size });
  try {
    return await writeFile(shelf, key, { ...publication, present });
  } finally {
    // entries that cannot be counted now are looked up when their time is over
    if (entry !== undefined) await ledger?.close([entry]).catch(() => undefined);
    if (present) await ledger?.recount().catch(() => undefined);
  }
}

type Writing = Publication & {
  /** The object that is to be replaced. */
  readonly present: ObjectInfo | undefined;
};

async function writeFile(
  shelf: Shelf,
  key: string,
  writing: Writing,
): Promise<TakenFile | undefined> {
  const { parts, addresses } = shelf;
  const { received, kept, type, present } = writing;
  if (!(await writeObject(shelf, key, writing))) {
    const now = await parts.originals.head(key);
    return now && isSame(shelf, now, kept) ? adopt(shelf, key) : undefined;
  }
  if (present) await parts.purgeVariants(key);
  parts.forgetOriginal(key);
  const item = createItem(addresses, parts.originals, { key, type, bytes: received.size, kept });
  return { ok: true, item, existed: false };
}

function isNamedByChance({ rules }: Shelf, { key }: PutFileOptions): boolean {
  return rules.naming === "random" && key === undefined;
}

/** The same bytes of the same owner are under the name that they have by content. */
function isSame({ rules }: Shelf, { metadata }: ObjectInfo, { sha256 }: Kept): boolean {
  return rules.naming === "content" && metadata["sha256"] === sha256;
}

/** Only some writes need to know what is there: the others are conditional. */
async function findPresent(
  { rules, parts }: Shelf,
  key: string,
  { replace = false }: PutFileOptions,
): Promise<ObjectInfo | undefined> {
  if (replace) return parts.originals.head(key);
  if (rules.naming !== "content") return undefined;
  const present = await parts.originals.head(key);
  const isWhole = present && (!hasRest(present) || (await parts.originals.head(toSidecarKey(key))));
  return isWhole ? present : undefined;
}

/** Writes an object over `present`, or where there is none; false when there is another one. */
async function writeObject(
  shelf: Shelf,
  key: string,
  { received, kept, type, present, given }: Writing,
): Promise<boolean> {
  const { originals } = shelf.parts;
  const { metadata, rest } = printKept(kept);
  const headers = describeFile(type, String(kept.name));
  const options: PutOptions = { ...headers, metadata, sha256: String(kept.sha256) };
  // under other keys only the one whose object is there may write beside it
  const isNew = isNamedByChance(shelf, given);
  if (isNew) await writeRest(originals, key, rest);
  const condition = present ? { etag: present.etag } : "absent";
  const { kind } = await originals.put(key, toByteSource(received), { ...options, condition });
  if (kind === "condition_unsupported") {
    if (!isNew) throw needsConditions();
    await originals.put(key, toByteSource(received), options);
  }
  if (kind === "precondition_failed" && !(await isBegun(originals, key, kept))) return false;
  if (!isNew) await writeRest(originals, key, rest);
  if (!rest) await deleteRest(originals, key, present);
  return true;
}

async function deleteRest(
  originals: ObjectStore,
  key: string,
  replaced: ObjectInfo | undefined,
): Promise<void> {
  if (replaced && hasRest(replaced)) await originals.delete([toSidecarKey(key)]);
}

function needsConditions(): MediaError {
  const problem = "names by content or by a function need a store that checks If-None-Match";
  return new MediaError("store_failed", problem);
}

async function adopt(shelf: Shelf, key: string): Promise<TakenFile> {
  return { ok: true, item: await getItem(shelf, key), existed: true };
}

async function getItem(shelf: Shelf, key: string): Promise<Item> {
  const item = await findItem(shelf, key);
  if (item) return item;
  throw new MediaError("original_not_found", `"${key}" was deleted as soon as it was there`);
}

/** Types that browsers show without running anything that is in them. */
const SHOWN = /^(?:(?:image\/(?!svg)|audio\/|video\/).*|application\/pdf)$/;

/** The headers that a file is stored under. */
export function describeFile(
  contentType: string,
  name: string,
): { readonly contentType: string; readonly contentDisposition: string } {
  const kind = SHOWN.test(contentType) ? "inline" : "attachment";
  const ascii = name.replaceAll(/[^\w .()-]+/g, "_");
  const plain = `${kind}; filename="${ascii}"`;
  const disposition = ascii === name ? plain : `${plain}; filename*=UTF-8''${encodeSegment(name)}`;
  return { contentType, contentDisposition: disposition };
}

/** Makes the variants of presets, under the URLs that the item gives. */
export async function makePresets(shelf: Shelf, { key, width, version }: Item): Promise<void> {
  const { rules, parts, addresses } = shelf;
  if (rules.presets.length === 0 || width === undefined) return;
  const tag = addresses.mayHaveVersion && version !== undefined ? `,v_${version}` : "";
  const work = parts.makeVariants(
    key,
    rules.presets.map((name) => `t_${name}${tag}`),
  );
  if (rules.shouldAwaitPresets) await work;
  else parts.background.run(work);
}
