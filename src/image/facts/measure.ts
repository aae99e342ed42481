import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";
import { MediaError } from "../../errors.ts";
import type { Semaphore } from "../../async/semaphore.ts";
import { sniffFormat } from "../input/formats.ts";
import { readCredits } from "../metadata/credits.ts";
import { isHeif } from "../metadata/containers/heif.ts";
import { applyEdits } from "../metadata/edit.ts";
import { findLocation } from "../metadata/location.ts";
import type { Description } from "../output/description.ts";
import type { Pool } from "../pool/pool.ts";
import type { Facts } from "./facts.ts";
import { sniffType, TYPE_BYTES } from "./sniff-type.ts";

export interface MeasureDeps {
  readonly pool: Pick<Pool, "run">;
  /** The longest image that is measured. */
  readonly maxBytes: number;
  /** Bounds the bytes of all images that are measured at the same time. */
  readonly budget: Semaphore;
}

export interface MeasureOptions {
  readonly signal: AbortSignal;
  /** Leaves the location where it is. Default: it is overwritten in the file, whose length stays. */
  readonly keepLocation?: boolean;
}

export interface MeasuredFile {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
}

export type MeasureFile = (file: MeasuredFile, options: MeasureOptions) => Promise<Facts>;

/**
 * Measures a file that nobody else writes, and overwrites the location in it. A file that is no image is not read as a
 * whole, and keeps its location.
 *
 * @throws MediaError `too_large` for an image of too many bytes, `unusable_original` for a damaged one or one of too
 * many pixels, `overloaded`, `timeout`, and the errors of the file system
 */
export async function measureFile(
  deps: MeasureDeps,
  { path, size }: MeasuredFile,
  { signal, keepLocation = false }: MeasureOptions,
): Promise<Facts> {
  await using file = await open(path, keepLocation ? "r" : "r+");
  const start = await readBytes(file, Math.min(size, TYPE_BYTES));
  const type = await sniffType(start);
  const isImage = sniffFormat(start) !== undefined;
  if (!isImage && !isHeif(start)) return { ...type, gps: "unknown" };
  if (size > deps.maxBytes) {
    const problem = `an image must have at most ${deps.maxBytes} bytes, got ${size}`;
    throw new MediaError("too_large", problem);
  }
  const room = await deps.budget.acquire(size, { signal });
  try {
    const bytes = await readBytes(file, size);
    const gps = await eraseLocation(file, bytes, keepLocation);
    const credits = readCredits(bytes);
    const described = isImage ? await describe(deps, bytes, signal) : {};
    return { ...type, ...described, ...credits, gps };
  } finally {
    room.release();
  }
}

async function readBytes(file: FileHandle, length: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** Overwrites the location in a file, and in its bytes. */
async function eraseLocation(
  file: FileHandle,
  bytes: Uint8Array,
  keepLocation: boolean,
): Promise<Facts["gps"]> {
  const { isComplete, edits } = findLocation(bytes);
  if (keepLocation) return edits.length > 0 ? "kept" : isComplete ? "none" : "unknown";
  for (const edit of edits) await file.write(edit.bytes, 0, edit.bytes.length, edit.start);
  applyEdits(bytes, edits);
  if (!isComplete) return "unknown";
  return edits.length > 0 ? "removed" : "none";
}

async function describe(
  { pool }: MeasureDeps,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<Pick<Facts, "width" | "height" | "frames" | "hasAlpha" | "thumbhash" | "dominant">> {
  const made = await pool.run({ bytes, spec: {}, format: "json" }, { signal });
  if (made.kind !== "made") throw new MediaError("internal", `the image is ${made.kind}`);
  const text = Buffer.from(made.bytes).toString("utf8");
  const description = JSON.parse(text) as Description; // written by this package
  const { width, height, frames, hasAlpha, thumbhash, dominant } = description;
  return { width, height, frames, hasAlpha, thumbhash, dominant };
}
