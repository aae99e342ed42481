// Draws the sample originals, so that the first start has something to show: npm start runs it.
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import sharp from "sharp";

const folder = fileURLToPath(new URL("./originals/", import.meta.url));

/** A reproducible stream of numbers from 0 to 1. */
function createRandom(seed) {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

/** A jagged line of hills across the whole width. */
function ridge(width, { base, height, random }) {
  const points = [];
  let y = base;
  for (let x = 0; x <= width; x += 20) {
    y += (random() - 0.5) * height;
    y += (base - y) * 0.05;
    points.push(`${x},${Math.round(y)}`);
  }
  return points.join(" ");
}

function drawLandscape(width, height) {
  const random = createRandom(7);
  const layers = ["#7d8fb3", "#5b6d92", "#3d4f6b", "#24344a", "#131f2e"].map((color, index) => {
    const base = height * (0.5 + index * 0.1);
    const points = ridge(width, { base, height: 30 + index * 12, random });
    return `<polygon points="0,${height} ${points} ${width},${height}" fill="${color}"/>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <defs>
      <linearGradient id="sky" x2="0" y2="1">
        <stop offset="0" stop-color="#2b4a8b"/><stop offset=".45" stop-color="#f2a65e"/>
        <stop offset=".62" stop-color="#fbe3b5"/>
      </linearGradient>
      <radialGradient id="sun"><stop offset=".25" stop-color="#fff6d8"/>
        <stop offset="1" stop-color="#fff6d8" stop-opacity="0"/></radialGradient>
    </defs>
    <rect width="100%" height="100%" fill="url(#sky)"/>
    <circle cx="${width * 0.7}" cy="${height * 0.42}" r="${height * 0.22}" fill="url(#sun)"/>
    ${layers.join("")}
  </svg>`;
}

/** A camera's picture has grain; without it encoders have an easy time. */
async function landscape() {
  const [width, height] = [2400, 1600];
  const grain = await sharp({
    create: { width, height, channels: 3, noise: { type: "gaussian", mean: 128, sigma: 30 } },
  })
    .png()
    .toBuffer();
  return sharp(Buffer.from(drawLandscape(width, height)))
    .flatten()
    .composite([{ input: grain, blend: "soft-light" }])
    .jpeg({ quality: 88 })
    .toBuffer();
}

async function logo() {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="800" height="800" viewBox="0 0 80 80">
    <circle cx="30" cy="34" r="24" fill="#e4572e" fill-opacity=".9"/>
    <circle cx="50" cy="34" r="24" fill="#17bebb" fill-opacity=".75"/>
    <circle cx="40" cy="50" r="24" fill="#ffc914" fill-opacity=".75"/>
  </svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}

async function animation() {
  const [side, count] = [320, 12];
  const frames = await Promise.all(
    Array.from({ length: count }, (_, index) => {
      const angle = (index * 360) / count;
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}">
        <rect width="100%" height="100%" fill="#102a43"/>
        <g transform="rotate(${angle} 160 160)"><circle cx="160" cy="60" r="34" fill="#f7c948"/>
        <circle cx="160" cy="260" r="20" fill="#e66a6a"/></g></svg>`;
      return sharp(Buffer.from(svg)).png().toBuffer();
    }),
  );
  return sharp(frames, { join: { animated: true } })
    .gif({ delay: frames.map(() => 80), loop: 0 })
    .toBuffer();
}

const samples = { "landscape.jpg": landscape, "logo.png": logo, "spinner.gif": animation };

await mkdir(folder, { recursive: true });
for (const [name, draw] of Object.entries(samples)) {
  if (!existsSync(folder + name)) await writeFile(folder + name, await draw());
}
