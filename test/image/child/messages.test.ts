import { once } from "node:events";
import { PassThrough } from "node:stream";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Message } from "../../../src/image/child/messages.ts";
import { MessageReader, readMessages, writeMessage } from "../../../src/image/child/messages.ts";
import { chooseRuns } from "../../support/runs.ts";

async function toBytes(messages: readonly Message[]): Promise<Buffer> {
  const stream = new PassThrough();
  for (const message of messages) writeMessage(stream, message);
  stream.end();
  return Buffer.concat(await stream.toArray());
}

/** Reads bytes that arrive in pieces of the given lengths, over and over. */
async function readInPieces(bytes: Buffer, lengths: readonly number[]): Promise<Message[]> {
  const stream = new PassThrough();
  const messages: Message[] = [];
  readMessages(stream, ({ header, body }) =>
    messages.push({ header, body: Uint8Array.from(body) }),
  );
  for (let at = 0, piece = 0; at < bytes.length; piece += 1) {
    const length = lengths[piece % lengths.length] ?? 1;
    // a copy that is overwritten later: messages that were read must not depend on it
    const chunk = Buffer.from(bytes.subarray(at, at + length));
    stream.write(chunk);
    at += length;
    await setImmediate();
    chunk.fill(0);
  }
  stream.end();
  await once(stream, "end");
  return messages;
}

const messages = fc.array(
  fc.record({ header: fc.jsonValue(), body: fc.uint8Array({ maxLength: 200 }) }),
  { maxLength: 6 },
);

/** Reads bytes as an image process does: to where they belong, wherever a reader says so. */
function readInPlace(
  bytes: Buffer,
  lengths: readonly number[],
): { read: Message[]; inPlace: number } {
  const read: Message[] = [];
  let inPlace = 0;
  const reader = new MessageReader((message) => read.push(message));
  for (let at = 0, piece = 0; at < bytes.length; piece += 1) {
    const { space } = reader;
    const chunk = bytes.subarray(
      at,
      at + Math.min(lengths[piece % lengths.length] ?? 1, space?.length ?? Infinity),
    );
    at += chunk.length;
    if (space) space.set(chunk);
    inPlace += space ? chunk.length : 0;
    if (!(space ? reader.fill(chunk.length) : reader.read(chunk))) throw new Error("garbage");
  }
  return { read, inPlace };
}

describe("MessageReader", () => {
  it("has large bodies read to where they stay, beside small ones", async () => {
    const sizes = [200_000, 10, 0, 65_536, 131_073];
    const written = sizes.map((size, index) => {
      const body = Buffer.alloc(size, index + 1);
      body.fill(9, Math.max(0, size - 2));
      return { header: { index }, body };
    });
    for (const lengths of [[70_000, 1], [9], [1_000_000]]) {
      const { read, inPlace } = readInPlace(await toBytes(written), lengths);
      expect(read.map(({ header }) => header)).toEqual(written.map(({ header }) => header));
      for (const [index, { body }] of read.entries())
        expect(written[index]?.body.equals(body)).toBe(true);
      expect(inPlace > 100_000).toBe(lengths[0] !== 1_000_000);
    }
  });
});

describe("readMessages", () => {
  it("reads any messages back, in whatever pieces they arrive", async () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(messages, pieces, async (written, lengths) => {
        const read = await readInPieces(await toBytes(written), lengths);
        // JSON knows no negative zero
        const expected = written.map(({ header, body }) => ({
          header: JSON.parse(JSON.stringify(header)) as unknown,
          body,
        }));
        expect(read).toEqual(expected);
      }),
      { numRuns: chooseRuns(50, 200) },
    );
  });

  it("reads a message that arrives byte by byte, and one that arrives with another", async () => {
    const written = [
      { header: { a: "é" }, body: Uint8Array.of(1, 2, 3) },
      { header: null, body: new Uint8Array() },
    ];
    const bytes = await toBytes(written);
    expect(await readInPieces(bytes, [1])).toEqual(written);
    expect(await readInPieces(bytes, [bytes.length])).toEqual(written);
  });

  it("does not give half a message", async () => {
    const bytes = await toBytes([
      { header: 1, body: Uint8Array.of(1) },
      { header: 2, body: new Uint8Array(100) },
    ]);
    const read = await readInPieces(bytes.subarray(0, -1), [7]);
    expect(read).toEqual([{ header: 1, body: Uint8Array.of(1) }]);
  });

  it.each([
    ["a header of 64 KiB and one byte", [0, 1, 0, 1, 0, 0, 0, 0]],
    ["a body of 512 MiB and one byte", [0, 0, 0, 2, 0x20, 0, 0, 1]],
    ["text", [...Buffer.from("Segmentation fault")]],
  ])("destroys the stream at %s", async (_, garbage) => {
    const stream = new PassThrough();
    const read: Message[] = [];
    readMessages(stream, (message) => read.push(message));
    const failed = once(stream, "error");
    stream.write(await toBytes([{ header: 1, body: new Uint8Array() }]));
    stream.write(Uint8Array.from(garbage));
    const [error] = (await failed) as [Error];
    expect(error.message).toBe("not a message");
    expect(stream.destroyed).toBe(true);
    expect(read.map(({ header }) => header)).toEqual([1]);
  });

  it.each([
    ["an empty header", [0, 0, 0, 0, 0, 0, 0, 0]],
    ["a header that is not JSON", [0, 0, 0, 2, 0, 0, 0, 0, 0x7b, 0x7b]],
  ])("destroys the stream at %s", async (_, garbage) => {
    const stream = new PassThrough();
    readMessages(stream, () => {});
    const failed = once(stream, "error");
    stream.write(Uint8Array.from(garbage));
    const [error] = (await failed) as [Error];
    expect(error.message).toBe("not a message");
  });

  it("reads a body of 20 MB as it was", async () => {
    const body = Buffer.alloc(20_000_000);
    for (let at = 0; at < body.length; at += 4)
      body.writeUInt32BE(Math.imul(at, 2_654_435_761) >>> 0, at);
    const [message] = await readInPieces(
      await toBytes([{ header: {}, body }]),
      [65_536, 1, 999_999],
    );
    expect(body.equals(message?.body ?? body.subarray(1))).toBe(true);
  });
});
