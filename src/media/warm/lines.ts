import { MediaError } from "../../errors.ts";
import type { WarmEntry, Outputs, InvalidLine } from "./request.ts";
import { parseWarmRequests } from "./request.ts";

const MAX_LINE_BYTES = 64 * 1024;
const LINE_FEED = 10;

/** A line of a text, or its problem. */
type Line = { readonly line: number; readonly text: string } | InvalidLine;

/**
 * Cuts a text into lines as it comes, without line ends and blank lines. At most one line is held in memory; a
 * line that is too long, or not UTF-8, is given as a problem.
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
      else held = []; // too long: its bytes are dropped
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
  // a copy: the memory of a chunk may be used again
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
  /** The outputs of lines that name none. */
  readonly standard?: Outputs | undefined;
  /** A line that does not begin with `{` is a key. */
  readonly hasPlainKeys?: boolean;
}

/** Reads NDJSON, one or more requests a line. A bad line does not affect the others. */
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
