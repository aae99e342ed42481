// Draws the sample originals, so that the first start has something to show: npm start runs it.
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { landscape, logo, spinner } from "./drawings.js";

const folder = fileURLToPath(new URL("./originals/", import.meta.url));

/** A camera's image has grain; without it encoders have an easy time. */
async function photo() {
  const [width, height] = [2400, 1600];
  const grain = await sharp({
    create: { width, height, channels: 3, noise: { type: "gaussian", mean: 128, sigma: 30 } },
  })
    .png()
    .toBuffer();
  return landscape(width)
    .composite([{ input: grain, blend: "soft-light" }])
    .jpeg({ quality: 88 });
}

const samples = {
  "landscape.jpg": photo,
  "logo.png": () => logo(800).png(),
  "spinner.gif": () => spinner(320),
};

await mkdir(folder, { recursive: true });
for (const [name, draw] of Object.entries(samples)) {
  if (existsSync(folder + name)) continue;
  const image = await draw();
  await writeFile(folder + name, await image.toBuffer());
}
