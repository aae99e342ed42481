import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { MediaError } from "../../../src/errors.ts";
import { prepareEngine } from "../../../src/image/sharp/engine.ts";
import { DEFAULT_IMAGE_LIMITS } from "../../../src/image/input/limits.ts";
import { planGeometry } from "../../../src/image/plan/geometry.ts";
import { transformImage } from "../../../src/image/pipeline/pipeline.ts";
import { rotateSize } from "../../../src/image/plan/sizes.ts";
import { normalizeTransform } from "../../../src/transform/normalize.ts";
import type { TransformSpec } from "../../../src/transform/spec.ts";
import { FLIPS, MODES } from "../../../src/transform/spec.ts";
import { isImageFormat, IMAGE_FORMATS } from "../../../src/transform/formats.ts";
import { drawAnimation, drawGrid, drawQuadrants } from "../../support/images.ts";
import { EFFECTS, gravities } from "../../support/url/specs.ts";
import { chooseRuns } from "../../support/runs.ts";

await prepareEngine();

const gray = sharp({ create: { width: 30, height: 20, channels: 3, background: "#787878" } });
const clip = ["RG/BY", "W./.K", "CC/CC"];

/** Files that people upload, good and bad. */
const ORIGINALS: readonly Buffer[] = [
  await drawGrid("R", 1, 1).png().toBuffer(),
  await drawQuadrants(2, 3).gif().toBuffer(),
  await drawQuadrants(1, 5000).png().toBuffer(),
  await drawQuadrants(5000, 1).webp({ lossless: true }).toBuffer(),
  await gray.clone().toColourspace("b-w").png().toBuffer(),
  await gray.clone().toColourspace("b-w").jpeg().toBuffer(),
  await gray.clone().toColourspace("grey16").png().toBuffer(),
  await drawGrid("W./K.", 40, 30).toColourspace("b-w").png().toBuffer(),
  await drawGrid("R./BG", 40, 30).toColourspace("rgb16").withIccProfile("p3").png().toBuffer(),
  await drawQuadrants(60, 41).toColourspace("cmyk").jpeg().toBuffer(),
  await drawQuadrants(60, 41).png({ palette: true }).toBuffer(),
  await drawGrid("R./.G", 41, 60).avif({ effort: 0 }).toBuffer(),
  await drawAnimation(clip, { width: 31, height: 20 }),
  await drawAnimation(clip, { width: 20, height: 31, format: "webp" }),
];
const FORMATS_WITH_EXIF = ["jpeg", "png", "webp", "avif"] as const;
const ORIENTED = await Promise.all(
  FORMATS_WITH_EXIF.flatMap((format) =>
    [1, 2, 3, 4, 5, 6, 7, 8].map((orientation) =>
      drawQuadrants(37, 23)
        .withMetadata({ orientation })
        .toFormat(format, { effort: 1 })
        .toBuffer(),
    ),
  ),
);

const side = fc.oneof(fc.integer({ min: 1, max: 120 }), fc.integer({ min: 1, max: 3 }));
const color = fc.constantFrom("ff8800", "00ff0080", "ffffff", "00000000");

const flag = fc.constant(true as const);
const crops = fc.record({
  unit: fc.constant("pixel" as const),
  x: fc.nat(30),
  y: fc.nat(30),
  width: fc.integer({ min: 1, max: 40 }),
  height: fc.integer({ min: 1, max: 40 }),
});
const cuts: fc.Arbitrary<TransformSpec> = fc.oneof(
  fc.constant({}),
  fc.record({ crop: crops }),
  fc.record({ trim: fc.nat(255) }),
);
const looks: fc.Arbitrary<TransformSpec> = fc.record(
  {
    ...EFFECTS,
    width: side,
    height: side,
    mode: fc.constantFrom(...MODES),
    gravity: gravities,
    rotate: fc.oneof(fc.integer({ min: 0, max: 359 }), fc.constantFrom("ignore" as const, 90)),
    flip: fc.constantFrom(...FLIPS),
    background: color,
    radius: fc.oneof(fc.integer({ min: 1, max: 4096 }), fc.constant("max" as const)),
    quality: fc.integer({ min: 1, max: 100 }),
    still: flag,
    lossless: flag,
    progressive: flag,
    keepIcc: flag,
  },
  { requiredKeys: [] },
);
const jobs = fc.record({
  bytes: fc.constantFrom(...ORIGINALS, ...ORIENTED),
  cut: cuts,
  look: looks,
  format: fc.constantFrom(...IMAGE_FORMATS, ...IMAGE_FORMATS, "json" as const),
});

/** The size that the plan promises; trimming is not planned before pixels are seen. */
async function promise(bytes: Buffer, spec: TransformSpec, format: (typeof IMAGE_FORMATS)[number]) {
  const metadata = await sharp(bytes).metadata();
  const { width, height } = spec.rotate === "ignore" ? metadata : metadata.autoOrient;
  const plan = planGeometry({ width, height }, { ...spec, format });
  return plan.pad ?? rotateSize(plan.cut ?? plan.resize, spec);
}

describe("transformImage", () => {
  it("makes what was planned of anything, or refuses it", async () => {
    const runs = chooseRuns(30, 250);
    let made = 0;
    await fc.assert(
      fc.asyncProperty(jobs, async ({ bytes, cut, look, format }) => {
        const typed = format === "json" ? cut : { ...cut, ...look };
        const spec = normalizeTransform(typed, format);
        const result = await transformImage(
          { bytes, spec, format },
          { limits: DEFAULT_IMAGE_LIMITS },
        ).catch((error: unknown) => error);
        if (result instanceof Error) {
          expect(result).toBeInstanceOf(MediaError);
          // there is nothing wrong with any of them
          expect(result.message).toMatch(/outside the original/);
          return;
        }
        made += 1;
        if (!isImageFormat(format)) return;
        const { width, height } = result as { width: number; height: number };
        if (spec.trim === undefined) {
          expect({ width, height }).toEqual(await promise(bytes, spec, format));
        }
        const { bytes: variant } = result as { bytes: Uint8Array };
        const decoded = await sharp(variant).metadata();
        expect([decoded.width, decoded.height]).toEqual([width, height]);
        await sharp(variant, { animated: true }).stats();
      }),
      { numRuns: runs },
    );
    expect(made).toBeGreaterThan(runs / 3); // the others compare nothing
  });
});
