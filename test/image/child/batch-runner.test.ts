import { describe, expect, it } from "vitest";
import { BatchRunner } from "../../../src/image/child/batch-runner.ts";
import { DEFAULT_IMAGE_LIMITS } from "../../../src/image/input/limits.ts";
import type { ImageJob, WorkerMessage } from "../../../src/image/worker.ts";
import { toOutput } from "../../support/image/fake-workers.ts";
import { breakTables } from "../../support/image/hostile.ts";
import { expectMade } from "../../support/image/make-variant.ts";
import { alpha, difference, make, photo } from "../../support/image/shared-images.ts";
import { drawQuadrants } from "../../support/images.ts";

type Asked = Omit<ImageJob, "bytes">;

const png = await drawQuadrants(1200, 900).png().toBuffer();
const jpeg = await drawQuadrants(4000, 40).jpeg().toBuffer();

function start(bytes: Uint8Array, onMessage: (message: WorkerMessage) => void): BatchRunner {
  return new BatchRunner({ bytes, limits: DEFAULT_IMAGE_LIMITS, onMessage });
}

/** Runs a batch, and names its outputs by their number in all messages. */
async function run(
  bytes: Uint8Array,
  asked: readonly Asked[],
  onMessage: (message: WorkerMessage, runner: BatchRunner) => void = () => {},
): Promise<WorkerMessage[]> {
  const outputs = asked.map((each) => toOutput({ bytes: png, ...each }));
  const messages: WorkerMessage[] = [];
  const runner = start(bytes, (message) => {
    const index = "id" in message ? outputs.findIndex(({ id }) => id === message.id) : -1;
    messages.push("id" in message ? { ...message, id: index } : message);
    onMessage(message, runner);
  });
  runner.add(outputs);
  await runner.run();
  return messages;
}

async function listOrder(bytes: Uint8Array, asked: readonly Asked[]): Promise<string[]> {
  const messages = await run(bytes, asked);
  const begun = messages.flatMap((message) => (message.kind === "begun" ? [message.id] : []));
  return begun.map((index) => `${asked[index]?.format} ${asked[index]?.spec.width}`);
}

function ask(widths: readonly number[], formats: readonly Asked["format"][] = ["jpg"]): Asked[] {
  return widths.flatMap((width) => formats.map((format) => ({ spec: { width }, format })));
}

describe("BatchRunner", () => {
  it("says which output it makes, and how each ends", async () => {
    const asked = [
      ...ask([20]),
      {
        spec: { crop: { unit: "pixel", x: 9999, y: 0, width: 9, height: 9 } },
        format: "png",
      } as const,
    ];
    expect(await run(png, asked)).toMatchObject([
      { kind: "begun", id: 0 },
      { kind: "ended", id: 0, result: { kind: "made", width: 20 } },
      { kind: "begun", id: 1 },
      {
        kind: "failed",
        id: 1,
        error: expect.objectContaining({ code: "unusable_original" }) as unknown,
      },
    ]);
  });

  it("makes sizes of a JPEG together that are decoded alike", async () => {
    expect(await listOrder(jpeg, ask([320, 400, 640, 480, 1280, 1920, 960]))).toEqual(
      [320, 400, 640, 480, 1280, 960, 1920].map((width) => `jpg ${width}`),
    );
  });

  it("makes one image in all formats before the next", async () => {
    const asked = [...ask([960, 1280], ["jpg"]), ...ask([960, 1280], ["webp"])];
    expect(await listOrder(jpeg, asked)).toEqual(["jpg 960", "webp 960", "jpg 1280", "webp 1280"]);
  });

  it("makes what takes long last", async () => {
    const asked = [...ask([30], ["avif", "webp"]), ...ask([20], ["webp"])];
    expect(await listOrder(png, asked)).toEqual(["webp 30", "webp 20", "avif 30"]);
  });

  it("decodes once for a batch of six", async () => {
    const bytes = Buffer.from(await drawQuadrants(800, 600).png().toBuffer());
    const messages = await run(bytes, ask([300, 250, 200, 150, 100, 50]), (message) => {
      // all that is decoded from now on fails
      if (message.kind === "ended") bytes.fill(0, bytes.length >> 1, bytes.length - 20);
    });
    expect(messages.filter(({ kind }) => kind === "ended")).toHaveLength(6);
  });

  it("finishes an image once for its formats, and drops it after the last one", async () => {
    const bytes = Buffer.from(photo);
    const alone = await make({ bytes: photo, spec: { width: 84 }, format: "webp" });
    const asked = [...ask([84], ["jpg", "webp"]), ...ask([150])];
    const messages = await run(bytes, asked, (message) => {
      if (message.kind === "ended") breakTables(bytes); // all that is decoded from now on fails
    });
    const results = messages.filter(({ kind }) => kind === "ended" || kind === "failed");
    expect(results).toMatchObject([
      { kind: "ended", id: 0 },
      { kind: "ended", id: 1 },
      { kind: "failed", id: 2 },
    ]);
    const [, second] = results;
    if (second?.kind !== "ended") throw new Error("it was made");
    expect(await difference(alone, Buffer.from(expectMade(second.result).bytes))).toBeLessThan(1);
  });

  it("takes late comers, which may share with what is left", async () => {
    const late = ask([200, 100]).map((each) => toOutput({ bytes: png, ...each }));
    let isAdded = false;
    const messages = await run(png, ask([300]), (message, runner) => {
      if (message.kind !== "ended" || isAdded) return;
      isAdded = true;
      runner.add(late);
    });
    expect(messages.map(({ kind }) => kind)).toEqual([
      "begun",
      "ended",
      "begun",
      "ended",
      "begun",
      "ended",
    ]);
  });

  it("drops what has not begun, and says what that was", async () => {
    const outputs = ask([30, 20, 10]).map((each) => toOutput({ bytes: png, ...each }));
    const ids = outputs.map(({ id }) => id);
    const messages: WorkerMessage[] = [];
    const runner = start(png, (message) => {
      messages.push(message);
      if (message.kind === "begun" && message.id === ids[0]) runner.drop(ids.slice(0, 2));
    });
    runner.add(outputs);
    await runner.run();
    expect(messages).toMatchObject([
      { kind: "begun", id: ids[0] },
      { kind: "dropped", ids: [ids[1]] },
      { kind: "ended", id: ids[0] },
      { kind: "begun", id: ids[2] },
      { kind: "ended", id: ids[2] },
    ]);
  });

  it.each([
    ["a JPEG", photo],
    ["a PNG with alpha", alpha],
  ])("makes of %s what would be made alone", async (_, bytes) => {
    const asked = [
      ...ask([84, 63, 150], ["jpg", "webp", "png", "avif"]),
      { spec: { width: 90, height: 90, mode: "pad", radius: 9 }, format: "webp" },
      { spec: { width: 90, trim: 3 }, format: "png" },
      { spec: { width: 60, height: 60, mode: "fill", gravity: "auto" }, format: "jpg" },
      { spec: {}, format: "json" },
    ] as const;
    const messages = await run(bytes, asked);
    let compared = 0;
    for (const message of messages) {
      if (message.kind !== "ended") continue;
      const job = asked[message.id];
      if (!job) throw new Error("it was asked for");
      const alone = await make({ bytes, ...job });
      expect(alone.equals(expectMade(message.result).bytes), JSON.stringify(job)).toBe(true);
      compared += 1;
    }
    expect(compared).toBe(asked.length);
  });
});
