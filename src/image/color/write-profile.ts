import type { ColorSpace, Curve } from "./color-space.ts";
import { BT2020, isCurve } from "./color-space.ts";
import type { Matrix, Vector } from "./matrix.ts";
import {
  findMatrixToXyz,
  invert,
  multiplyMatrix,
  multiplyVector,
  PROFILE_WHITE,
  transpose,
} from "./matrix.ts";
import { readLight, showLight } from "./light.ts";

/**
 * Writes the ICC profile of a colour space (ICC.1:2022): a matrix and a curve, or a table of colours for high dynamic
 * range, whose tones it maps to those of an ordinary screen. `undefined` for primaries that span no colours.
 */
export function writeProfile(space: ColorSpace): Buffer | undefined {
  const matrix = findMatrixToXyz(space.primaries);
  if (!matrix) return undefined;
  const { transfer } = space;
  return isCurve(transfer)
    ? assemble(writeColors(transfer, matrix))
    : findTableProfile(space, matrix);
}

type Tags = Readonly<Record<string, Buffer>>;

function writeColors(transfer: Curve, matrix: Matrix): Tags {
  const [red, green, blue] = transpose(matrix);
  const curve = writeCurve(transfer);
  const columns = { rXYZ: writeXyz(red), gXYZ: writeXyz(green), bXYZ: writeXyz(blue) };
  return { ...columns, rTRC: curve, gTRC: curve, bTRC: curve };
}

/** A parametric curve (10.18). */
function writeCurve({ exponent, a, b, c, d }: Curve): Buffer {
  const power = Math.min(Math.max(exponent, 1 / 0x1_00_00), 0x7f_ff);
  return join("para\0\0\0\0\0\x03\0\0", fixed([power, a, b, c, d]));
}

/** The last one, since it takes some hundredths of a second and all variants of an image need it. */
let lastTable: { readonly key: string; readonly profile: Buffer } | undefined;

function findTableProfile(space: ColorSpace, matrix: Matrix): Buffer {
  const key = JSON.stringify(space);
  if (lastTable?.key !== key) {
    lastTable = { key, profile: assemble({ A2B0: writeTable(space, matrix) }) };
  }
  return lastTable.profile;
}

/** Levels of each channel in a table of colours. Between them lcms interpolates. */
const TABLE_STEPS = 33;
/** An XYZ of 1 in a table. */
const TABLE_ONE = 0x80_00;

/** A table from levels to XYZ (10.10), with curves before and after it that change nothing. */
function writeTable(space: ColorSpace, matrix: Matrix): Buffer {
  const wide = findMatrixToXyz(BT2020) ?? matrix;
  const toWide = multiplyMatrix(invert(wide), matrix);
  const levels = Array.from({ length: TABLE_STEPS }, (_, step) =>
    readLight(step / (TABLE_STEPS - 1), space.transfer),
  );
  const entries: number[] = [];
  for (const red of levels) {
    for (const green of levels) {
      for (const blue of levels) {
        const light = showLight(multiplyVector(toWide, [red, green, blue]), space);
        const [x, y, z] = multiplyVector(wide, light);
        entries.push(x * TABLE_ONE, y * TABLE_ONE, z * TABLE_ONE);
      }
    }
  }
  const unit = fixed([1, 0, 0, 0, 1, 0, 0, 0, 1]);
  const curves = shorts([0, 0xff_ff, 0, 0xff_ff, 0, 0xff_ff]);
  const sizes = Buffer.of(3, 3, TABLE_STEPS, 0);
  return join("mft2\0\0\0\0", sizes, unit, shorts([2, 2]), curves, shorts(entries), curves);
}

/** Text in one language (10.15). */
function writeText(text: string): Buffer {
  const characters = Buffer.from(text, "utf16le").swap16();
  const record = longs(1, 12, 0x65_6e_55_53, characters.length, 28); // enUS
  return join("mluc\0\0\0\0", record, characters);
}

function writeXyz(xyz: Vector): Buffer {
  return join("XYZ \0\0\0\0", fixed(xyz));
}

const HEADER_BYTES = 128;
const ENTRY_BYTES = 12;

/** Puts the header (7.2) and the table of tags (7.3) before the tags, each of which is there once. */
function assemble(colors: Tags): Buffer {
  const tags: Tags = {
    desc: writeText("color space of the original"),
    cprt: writeText("none"),
    wtpt: writeXyz(PROFILE_WHITE),
    ...colors,
  };
  const start = HEADER_BYTES + 4 + Object.keys(tags).length * ENTRY_BYTES;
  const contents: Buffer[] = [];
  const places = new Map<Buffer, number>();
  let end = start;
  for (const tag of new Set(Object.values(tags))) {
    places.set(tag, end);
    const padded = Buffer.concat([tag, Buffer.alloc(-tag.length & 3)]);
    contents.push(padded);
    end += padded.length;
  }
  const table = Object.entries(tags).map(([name, tag]) =>
    join(name, longs(places.get(tag) ?? 0, tag.length)),
  );
  const header = writeHeader(end, tags["A2B0"] !== undefined);
  return Buffer.concat([header, longs(table.length), ...table, ...contents]);
}

/**
 * A display profile. Of version 4 decoders expect the black of a print in a table, and take it away from all colours, so
 * that a table has version 2.
 */
function writeHeader(length: number, hasTable: boolean): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(length);
  header.writeUInt32BE(hasTable ? 0x02_40_00_00 : 0x04_20_00_00, 8);
  header.write("mntrRGB XYZ ", 12, "latin1");
  header.write("acsp", 36, "latin1");
  header.set(fixed(PROFILE_WHITE), 68);
  return header;
}

function join(start: string, ...parts: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(start, "latin1"), ...parts]);
}

function longs(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}

/** Numbers of 16 bits, to the nearest one. */
function shorts(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) {
    bytes.writeUInt16BE(Math.min(Math.max(Math.round(value), 0), 0xff_ff), index * 2);
  }
  return bytes;
}

/** Numbers with 16 bits before the point and 16 behind it. */
function fixed(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) {
    bytes.writeInt32BE(Math.round(value * 0x1_00_00), index * 4);
  }
  return bytes;
}
