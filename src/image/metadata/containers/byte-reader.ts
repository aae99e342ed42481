import { readLatin1 } from "../block.ts";
import type { Extent } from "../edit.ts";

/** Reads a part of a file from its start to its end. After the end there is nothing but zeros. */
export class ByteReader {
  readonly #file: Uint8Array;
  readonly #end: number;
  /** Position of the next byte. */
  at: number;

  constructor(file: Uint8Array, { start, end }: Extent) {
    this.#file = file;
    this.#end = Math.min(end, file.length);
    this.at = start;
  }

  get left(): number {
    return this.#end - this.at;
  }

  /** A number of so many bytes, highest first; of more than six it may be rounded. */
  readUint(bytes: number): number {
    let value = 0;
    for (let index = 0; index < bytes; index += 1) {
      value = value * 256 + (this.left > 0 ? (this.#file[this.at] ?? 0) : 0);
      this.at += 1;
    }
    return value;
  }

  /** The two halves of a byte. */
  readHalves(): readonly [number, number] {
    const byte = this.readUint(1);
    return [byte >> 4, byte % 16];
  }

  readText(bytes: number): string {
    this.at += bytes;
    return readLatin1(this.#file, this.at - bytes, Math.min(this.at, this.#end));
  }

  /** A text up to a NUL, or to the end. */
  readString(): string {
    const rest = this.#file.subarray(Math.min(this.at, this.#end), this.#end);
    const length = rest.indexOf(0);
    const text = this.readText(length === -1 ? rest.length : length);
    this.at += 1;
    return text;
  }
}
