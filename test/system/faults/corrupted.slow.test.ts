import type { PutObjectCommandInput } from "@aws-sdk/client-s3";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { decode, drawPhoto } from "../../support/images.ts";
import { setUpFaults } from "../../support/service/faulty-service.ts";

const { s3, start } = setUpFaults(async () => ({ "a.jpg": await drawPhoto(300, 200) }));

type Stored = Pick<PutObjectCommandInput, "ContentType" | "Metadata"> & {
  readonly Body: Uint8Array;
};

function flip(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, index) => (index === bytes.length >> 1 ? byte ^ 255 : byte));
}

describe("a stored variant that is damaged", () => {
  it.each<[what: string, width: number, damage: (stored: Stored) => Partial<Stored>]>([
    ["truncated", 50, ({ Body }) => ({ Body: Body.subarray(0, Body.length >> 1) })],
    ["empty", 51, () => ({ Body: new Uint8Array() })],
    ["zeros", 52, ({ Body }) => ({ Body: new Uint8Array(Body.length) })],
    ["one bit wrong", 53, ({ Body }) => ({ Body: flip(Body) })],
    ["of another type", 54, () => ({ ContentType: "text/html" })],
    ["somebody else's", 55, () => ({ Metadata: {} })],
  ])("is made again: %s", async (_, width, damage) => {
    const path = `/w_${width}/a.jpg`;
    const first = await start();
    const made = await first.get(path);
    await first.idle();
    const place = { Bucket: s3().variantsBucket, Key: `variants/1/a.jpg/w_${width}.jpg` };
    const read = async (): Promise<Stored> => {
      const output = await s3().client.send(new GetObjectCommand(place));
      const Body = (await output.Body?.transformToByteArray()) ?? new Uint8Array();
      const { ContentType, Metadata } = output;
      return { Body, ContentType, Metadata };
    };
    const stored = await read();
    const damaged = { ...stored, ...damage(stored) };
    await s3().client.send(new PutObjectCommand({ ...place, ...damaged }));
    const other = await start();
    const answer = await other.get(path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("etag")).toBe(made.headers.get("etag"));
    expect((await decode(answer.bytes)).width).toBe(width);
    await other.idle();
    expect(Buffer.from((await read()).Body).equals(made.bytes)).toBe(true);
  });
});
