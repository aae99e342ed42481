import type { Block } from "./block.ts";
import { listImageBlocks } from "./containers/list.ts";
import { readExifTexts } from "./exif.ts";
import { listResources, readIptcText } from "./iptc.ts";
import { MarkupBudget, readXmpTexts } from "./xmp.ts";

/** When an image was made, and whose it is, by its metadata. */
export interface Credits {
  /** ISO 8601, to the second; with a zone only if the camera wrote one. */
  readonly takenAt?: string;
  /** One line of at most 500 characters. */
  readonly copyright?: string;
}

/** Reads when an image was made, and whose it is, by the first of its blocks that says so. */
export function readCredits(file: Uint8Array): Credits {
  const budget = new MarkupBudget();
  let found: Credits = {};
  for (const block of listImageBlocks(file)) {
    if (block.kind !== "opaque") found = { ...readBlock(block, budget), ...found };
    if (found.takenAt && found.copyright) break;
  }
  return found;
}

function readBlock({ kind, bytes }: Pick<Block, "kind" | "bytes">, budget: MarkupBudget): Credits {
  if (kind === "exif") return readExifCredits(bytes);
  if (kind === "xmp") return readXmpCredits(bytes, budget);
  if (kind === "iptc") return toCredits("", readIptcText(bytes, IPTC_COPYRIGHT));
  const resource =
    kind === "photoshop" && [...listResources(bytes)].find((each) => each.kind === "iptc");
  return resource
    ? readBlock({ kind: "iptc", bytes: bytes.subarray(resource.start, resource.end) }, budget)
    : {};
}

/** Tags of Exif: Copyright, DateTimeOriginal and its zone. */
const COPYRIGHT = 0x8298;
const TAKEN_AT = 0x9003;
const ZONE = 0x9011;
/** Copyright notice. */
const IPTC_COPYRIGHT = 116;

function readExifCredits(exif: Uint8Array): Credits {
  const texts = readExifTexts(exif, new Set([COPYRIGHT, TAKEN_AT, ZONE]));
  const zone = (texts.get(ZONE) ?? "").slice(0, 6);
  return toCredits((texts.get(TAKEN_AT) ?? "").slice(0, 19) + zone, texts.get(COPYRIGHT));
}

function readXmpCredits(xmp: Uint8Array, budget: MarkupBudget): Credits {
  const texts = readXmpTexts(xmp, new Set(["DateTimeOriginal", "DateCreated", "rights"]), budget);
  const date = texts.get("DateTimeOriginal") ?? texts.get("DateCreated") ?? "";
  return toCredits(date, texts.get("rights"));
}

const MAX_COPYRIGHT = 500;
const DATE = /^(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?([+-]\d\d:\d\d|Z)?/;

function toCredits(date: string, rights: string | undefined): Credits {
  const [, year, month, day, time, zone = ""] = DATE.exec(date) ?? [];
  const takenAt = `${year}-${month}-${day}T${time}${zone}`;
  // Exif has the photographer's and, after a NUL, the editor's
  const copyright = rights
    ?.replaceAll(/[\s\p{C}]+/gu, " ")
    .trim()
    .slice(0, MAX_COPYRIGHT);
  return {
    ...(!Number.isNaN(Date.parse(takenAt)) && { takenAt }),
    ...(copyright && { copyright }),
  };
}
