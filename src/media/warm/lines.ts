import { MediaError } from "../../errors.ts";
import type { WarmEntry, Outputs, InvalidLine } from "./order.ts";
import { parseWarmRequests } from "./order.ts";

/** Of one line, in bytes. */
const MAX_LINE_BYTES = 64 * 1024;
const LINE_FEED = 10;

/** A line of a text, or what is wrong with it. */
type Line = { readonly line: number; readonly text: string } | InvalidLine;

/**
 * Cuts a text into lines as it comes, without their ends and without those that are blank. No more than
 * one line is held; one that is too long, or no UTF-8, is a problem of its own.
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let held: Uint8Array[] = [];
  let size = 0;
  let line = 0;
  const take = (): Line | undefined => {
    line += 1;
    const taken = toLine(line, size <= MAX_LINE_BYTES ? held : undefined);
    held = [];
    size = 0;
    return "text" in taken && taken.text.trim() === "" ? undefined : taken;
  };
  for await (const chunk of chunks) {
    for (const { piece, isEnd } of cut(chunk)) {
      size += piece.length;
      if (size <= MAX_LINE_BYTES) held.push(piece);
      else held = []; // it is passed over
      const taken = isEnd ? take() : undefined;
      if (taken) yield taken;
    }
  }
  const last = take();
  if (last) yield last;
}

function* cut(chunk: Uint8Array): Generator<{ piece: Uint8Array; isEnd: boolean }> {
  let begin = 0;
  for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, begin)) {
    yield { piece: chunk.subarray(begin, end), isEnd: true };
    begin = end + 1;
  }
  // a chunk may be a view of memory that is used again
  if (begin < chunk.length) yield { piece: chunk.slice(begin), isEnd: false };
}

function toLine(line: number, pieces: readonly Uint8Array[] | undefined): Line {
  if (!pieces) return wrong(line, `a line must have at most ${MAX_LINE_BYTES} bytes`);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    const texts = pieces.map((piece) => decoder.decode(piece, { stream: true }));
    return { line, text: (texts.join("") + decoder.decode()).replace(/\r$/, "") };
  } catch {
    return wrong(line, "a line must be UTF-8");
  }
}

function wrong(line: number, message: string): InvalidLine {
  return { line, problem: new MediaError("invalid_body", message) };
}

interface LineOptions {
  /** What is wanted where a line says nothing of it. */
  readonly standard?: Outputs | undefined;
  /** A line that is no object of JSON is a key. */
  readonly hasPlainKeys?: boolean;
}

/** Reads orders, one or more a line: NDJSON. What is wrong with a line is no matter of the others. */
export async function* readEntries(
  chunks: AsyncIterable<Uint8Array>,
  options: LineOptions = {},
): AsyncGenerator<WarmEntry> {
  for await (const line of readLines(chunks)) {
    if ("problem" in line) yield line;
    else yield* readEntry(line, options);
  }
}

function readEntry(
  { line, text }: Extract<Line, { text: string }>,
  { standard, hasPlainKeys = false }: LineOptions,
): readonly WarmEntry[] {
  const json = hasPlainKeys && !text.startsWith("{") ? JSON.stringify({ key: text }) : text;
  try {
    return parseWarmRequests(json, standard);
  } catch (error) {
    if (error instanceof MediaError) return [{ line, problem: error }];
    throw error;
  }
}
