import { GetObjectCommand } from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { BLUE, decode, distance, drawGrid, RED } from "../../support/images.ts";
import { setUpFaults } from "../../support/service/faulty-service.ts";
import { until } from "../../support/service/server.ts";

const [red, blue] = await Promise.all(
  ["R", "B"].map((letter) => drawGrid(letter, 900, 600).png().toBuffer()),
);
if (!red || !blue) throw new Error("there are two images");

const { s3, start } = setUpFaults(async () => ({}));

async function colorOf(bytes: Uint8Array): Promise<"red" | "blue"> {
  const image = await decode(bytes);
  const points = [0.1, 0.5, 0.9].flatMap((x) => [0.1, 0.5, 0.9].map((y) => image.at(x, y)));
  if (points.every((point) => distance(point, RED) < 20)) return "red";
  expect(points.every((point) => distance(point, BLUE) < 20)).toBe(true);
  return "blue";
}

/** The variant as it is stored, and which original its metadata says it is of. */
async function readStored(key: string, etags: Readonly<Record<string, string>>) {
  const Key = `variants/1/${key}/w_300.png`;
  const { Body, Metadata } = await s3().client.send(
    new GetObjectCommand({ Bucket: s3().variantsBucket, Key }),
  );
  const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
  const source = Metadata?.["source-etag"] ?? "";
  return { color: await colorOf(bytes), source: etags[source] };
}

async function putOriginal(key: string, bytes: Buffer): Promise<string> {
  await s3().putOriginal(key, bytes);
  const object = new GetObjectCommand({ Bucket: s3().originalsBucket, Key: key });
  const { ETag, Body } = await s3().client.send(object);
  await Body?.transformToByteArray();
  return ETag ?? "";
}

describe("an original that is replaced", () => {
  it.each([
    ["after it was looked at", /^HEAD originals/, "after"],
    ["before it is fetched", /^GET originals/, "before"],
    ["while it is on its way", /^GET originals/, "after"],
    ["before its variant is written", /^PUT/, "before"],
    ["after its variant is written", /^PUT/, "after"],
  ] as const)("%s is never mixed with the new one", async (when, pattern, moment) => {
    const service = await start({ FRESHNESS_TTL_SECONDS: "1" });
    const key = `${when.replaceAll(" ", "-")}.png`;
    const path = `/w_300/${key}`;
    const etags: Record<string, string> = { [await putOriginal(key, red)]: "red" };
    const replace = async (): Promise<void> => {
      etags[await putOriginal(key, blue)] = "blue";
    };
    s3().fail(pattern, { [moment]: replace, times: 1 });
    const first = await service.get(path);
    expect(first.status).toBe(200);
    await colorOf(first.bytes);
    await service.idle();
    const stored = await readStored(key, etags);
    expect(stored.source).toBe(stored.color);
    // at the latest two TTLs later it is the new one
    await until(async () => (await colorOf((await service.get(path)).bytes)) === "blue");
    await service.idle();
    expect(await readStored(key, etags)).toEqual({ color: "blue", source: "blue" });
  });

  it("in mid-transform gives those who come then the old or the new one, and keeps the new one", async () => {
    const service = await start({ FRESHNESS_TTL_SECONDS: "1" });
    const etags: Record<string, string> = { [await putOriginal("many.png", red)]: "red" };
    const waiting = Array.from({ length: 12 }, (_, index) =>
      service.get(`/w_${290 + index}/many.png`),
    );
    await until(async () => (await service.metric("children_busy")) > 0);
    etags[await putOriginal("many.png", blue)] = "blue";
    for (const { status, bytes } of await Promise.all(waiting)) {
      expect(status).toBe(200);
      await colorOf(bytes);
    }
    await until(
      async () => (await colorOf((await service.get("/w_300/many.png")).bytes)) === "blue",
    );
    await service.idle();
    expect(await readStored("many.png", etags)).toEqual({ color: "blue", source: "blue" });
  });
});
