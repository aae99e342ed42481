import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { Sharing } from "../../../src/image/share/sharing.ts";
import type { TransformSpec } from "../../../src/transform/spec.ts";
import { make, photo } from "../../support/image/shared-images.ts";
import { chooseRuns } from "../../support/runs.ts";

const side = fc.integer({ min: 1, max: 400 });

const original = fc.record({
  width: fc.integer({ min: 9, max: 700 }),
  height: fc.integer({ min: 9, max: 700 }),
  orientation: fc.integer({ min: 1, max: 8 }),
  format: fc.constantFrom("jpeg", "png", "gif"),
  isProgressive: fc.boolean(),
  chromaSubsampling: fc.constantFrom("4:2:0", "4:4:4"),
});

const spec: fc.Arbitrary<TransformSpec> = fc.record(
  {
    width: side,
    height: side,
    mode: fc.constantFrom("limit", "fill", "fit", "pad", "scale"),
    gravity: fc.constantFrom("auto", "entropy", "north_west", "south", "center"),
    crop: fc.constantFrom({ unit: "fraction", x: 0.1, y: 0.2, width: 0.6, height: 0.7 } as const),
    rotate: fc.constantFrom("ignore" as const, 90, 30),
    flip: fc.constantFrom("h", "v"),
    sharpen: fc.constantFrom(20),
    gamma: fc.constantFrom(2),
  },
  { requiredKeys: ["width"] },
);

async function draw({ width, height, orientation, format, ...rest }: Drawn): Promise<Buffer> {
  const image = sharp(photo).resize(width, height, { fit: "fill" }).withMetadata({ orientation });
  const { isProgressive: progressive, chromaSubsampling } = rest;
  if (format === "jpeg") return image.jpeg({ progressive, chromaSubsampling }).toBuffer();
  return format === "png" ? image.png().toBuffer() : image.gif({ effort: 1 }).toBuffer();
}

type Drawn = typeof original extends fc.Arbitrary<infer T> ? T : never;

/** The bytes that are made, or the error. */
function tell(made: Promise<Buffer>): Promise<Buffer | string> {
  return made.catch(String);
}

describe("transformImage with what another job has decoded", () => {
  it("makes what it would make alone, whatever else is asked for", async () => {
    const counts = { all: 0, begun: 0 };
    const bursts = fc.array(spec, { minLength: 2, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(original, bursts, async (drawn, specs) => {
        const bytes = await draw(drawn);
        const kept: Pick<Sharing, "decoded" | "finished"> = {};
        for (const each of specs) {
          const sharing: Sharing = { ...kept, sharesDecode: true, sharesImage: true };
          const job = { bytes, spec: each, format: "png" } as const;
          const [alone, shared] = [await tell(make(job)), await tell(make(job, sharing))];
          counts.all += 1;
          if (kept.decoded && kept.decoded === sharing.decoded) counts.begun += 1;
          Object.assign(kept, { decoded: sharing.decoded, finished: sharing.finished });
          if (typeof alone === "string" || typeof shared === "string") expect(shared).toBe(alone);
          else expect(shared.equals(alone)).toBe(true);
        }
      }),
      { numRuns: chooseRuns(12, 60) },
    );
    expect(counts.begun).toBeGreaterThan(counts.all / 5); // the others compare nothing
  }, 60_000);
});
