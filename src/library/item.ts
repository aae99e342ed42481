import { createHash } from "node:crypto";
import { thumbHashToDataURL } from "thumbhash";
import { MediaError } from "../errors.ts";
import type { Facts } from "../image/facts/facts.ts";
import type { ObjectInfo, ObjectStore } from "../store/store.ts";
import type { FocalPoint } from "../transform/spec.ts";
import type { Transform } from "../transform/transform.ts";
import type { ImgAttributes, ImgOptions } from "../url/img.ts";
import type { Urls } from "../url/urls.ts";
import type { Kept, Metadata } from "./metadata.ts";
import { omitFields, printFocal, readKept } from "./metadata.ts";

/** Attributes of an `<img>`, and what is shown until the image is there. */
export interface ItemImg extends ImgAttributes {
  /** The colours of the image, blurred, as a CSS background; absent for images with transparency. */
  readonly style?: string;
}

/**
 * A file of the library. Its facts were measured from its bytes. Those of images are there for the images that the
 * service can transform; width and height are upright, in pixels.
 */
export interface Item<Meta = Metadata> extends Partial<Omit<Facts, "type" | "extension">> {
  /** The object key: `posts/ann/01k…jpg`. */
  readonly key: string;
  /** The name of the user's file, for downloads. */
  readonly name: string;
  /** Media type, by the bytes. */
  readonly type: string;
  /** Length of the file. */
  readonly bytes: number;
  /** Of the bytes as they are kept, in hexadecimal digits; absent for a file that another program has put there. */
  readonly sha256?: string;
  /** Changes with the bytes and with the focal point; URLs carry it as `v_`. */
  readonly version?: string;
  readonly owner?: string;
  readonly createdAt?: Date;
  /** The point that crops keep in sight: fractions of width and height. */
  readonly focal?: FocalPoint;
  /** The metadata of the application. */
  readonly meta: Meta;
  /**
   * The URL of the image under a transform, signed where a secret is configured, with the version of the item; without
   * a transform that of the file itself.
   */
  url(transform?: Transform): string;
  /** The attributes of an `<img>`. */
  img(options?: ImgOptions): ItemImg;
  /** Reads the file in chunks. @throws MediaError `original_not_found` when it is gone */
  stream(): Promise<ReadableStream<Uint8Array>>;
  /** Reads the file into memory. @throws MediaError `original_not_found` when it is gone */
  file(): Promise<File>;
}

/** The URLs of a service. */
export interface Addresses {
  readonly urls: Urls;
  /** False where the policy of the service refuses `v_`. */
  readonly mayHaveVersion: boolean;
}

/** An object as the store has it. */
export interface Found {
  readonly key: string;
  readonly info: ObjectInfo;
}

export async function readItem(
  addresses: Addresses,
  originals: Pick<ObjectStore, "get" | "open">,
  { key, info }: Found,
): Promise<Item> {
  const { contentType: type = "application/octet-stream", size: bytes } = info;
  const kept = await readKept(originals, key, info);
  return createItem(addresses, originals, { key, type, bytes, kept });
}

/** Fields that are of no use to others. */
const INTERNAL = ["deletedAt", "movedFrom", "putId"] as const;

/** All that an item is made of. */
interface Description {
  readonly key: string;
  readonly type: string;
  readonly bytes: number;
  readonly kept: Kept;
}

export function createItem(
  { urls, mayHaveVersion }: Addresses,
  originals: Pick<ObjectStore, "get" | "open">,
  { key, type, bytes, kept }: Description,
): Item {
  const { createdAt, name, meta = {}, ...facts } = omitFields(kept, INTERNAL);
  const version = getVersion(kept);
  const item = {
    key,
    name: name ?? key.slice(key.lastIndexOf("/") + 1),
    type,
    bytes,
    ...facts,
    ...(version !== undefined && { version }),
    ...(createdAt !== undefined && { createdAt: new Date(createdAt) }),
    meta,
  };
  const tag = mayHaveVersion && version !== undefined ? { version } : {};
  return {
    ...item,
    url: (transform) => urls.url(key, transform && { ...transform, ...tag }),
    img: (options = {}) => buildItemImg(item, urls.img(key, { ...options, ...tag }), options),
    stream: () => openStream(originals, item),
    file: async () => new File([await readAll(originals, item)], item.name, { type: item.type }),
  };
}

/** Eight digits of a hash over the bytes and the focal point. */
function getVersion({ sha256, focal }: Kept): string | undefined {
  if (sha256 === undefined) return undefined;
  const text = `${sha256} ${focal ? printFocal(focal) : ""}`;
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}

type ImgItem = Pick<Item, "width" | "height" | "thumbhash" | "dominant" | "hasAlpha">;

function buildItemImg(item: ImgItem, attributes: ImgAttributes, options: ImgOptions): ItemImg {
  const style = item.hasAlpha ? undefined : printPlaceholder(item);
  return { ...attributes, ...deriveSize(item, attributes, options), ...(style && { style }) };
}

/** Fills in what a page needs to keep room: the side that was not asked for, or those of the file. */
function deriveSize(
  { width, height }: ImgItem,
  asked: ImgAttributes,
  { presets, crop, trim, rotate }: ImgOptions,
): Pick<ImgAttributes, "width" | "height"> {
  const hasOtherShape = [presets, crop, trim, rotate].some((option) => option !== undefined);
  if (!width || !height || hasOtherShape || (asked.width && asked.height)) return {};
  if (asked.width) return { height: Math.max(1, Math.round((asked.width * height) / width)) };
  if (asked.height) return { width: Math.max(1, Math.round((asked.height * width) / height)) };
  return { width, height };
}

function printPlaceholder({ thumbhash, dominant }: ImgItem): string | undefined {
  if (thumbhash !== undefined) {
    const url = thumbHashToDataURL(Buffer.from(thumbhash, "base64"));
    return `background: center / cover no-repeat url("${url}")`;
  }
  return dominant === undefined ? undefined : `background: #${dominant}`;
}

type Stored = Pick<Item, "key" | "bytes">;

async function openStream(
  originals: Pick<ObjectStore, "open">,
  { key }: Stored,
): Promise<ReadableStream<Uint8Array>> {
  const result = await originals.open(key);
  if (result.kind !== "found") throw gone(key);
  const chunks = result.body[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const next = await chunks.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
    cancel: () => result.body.close(),
  });
}

async function readAll(
  originals: Pick<ObjectStore, "get">,
  { key, bytes }: Stored,
): Promise<Uint8Array<ArrayBuffer>> {
  const result = await originals.get(key, { maxBytes: bytes });
  if (result.kind !== "found") throw gone(key);
  return result.bytes as Uint8Array<ArrayBuffer>; // stores share no memory with other threads
}

function gone(key: string): MediaError {
  return new MediaError("original_not_found", `there is no file "${key}" any more`);
}
