// The images that samples and documentation begin with, drawn so that every run draws the same.
import sharp from "sharp";

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

/** Something to look at, off the middle: it can be kept, lost, mirrored and turned. */
const BALLOON = `<g transform="translate(620 560)">
  <path d="M-60 230L-34 330M60 230L34 330" stroke="#4a2c1a" stroke-width="8"/>
  <path d="M0-270C190-270 260-120 225 10C200 110 100 170 70 235H-70C-100 170-200 110-225 10C-260-120-190-270 0-270Z" fill="#d7263d"/>
  <path d="M0-270C90-270 130-120 112 10C100 110 50 170 35 235H-35C-50 170-100 110-112 10C-130-120-90-270 0-270Z" fill="#f9f4e3"/>
  <path d="M0-270C34-270 48-120 42 10C38 110 20 170 14 235H-14C-20 170-38 110-42 10C-48-120-34-270 0-270Z" fill="#d7263d"/>
  <rect x="-46" y="325" width="92" height="66" rx="10" fill="#8a5a2b"/>
</g>`;

/** Straight lines and a lit window, for what blurs, sharpens and turns. */
const CABIN = `<g transform="translate(1830 1130)">
  <path d="M-30 10L150-120L330 10Z" fill="#7a2f1d"/><rect y="10" width="300" height="190" fill="#a8643c"/>
  <path d="M0 50H300M0 90H300M0 130H300M0 170H300" stroke="#7d4527" stroke-width="7"/>
  <rect x="40" y="60" width="80" height="80" fill="#ffd966"/><path d="M80 60V140M40 100H120" stroke="#5a3018" stroke-width="9"/>
  <rect x="180" y="70" width="80" height="130" fill="#4a2413"/>
</g>`;

/** Hills at dusk with a balloon and a cabin, three to two. */
export function landscape(width) {
  const random = createRandom(7);
  const layers = ["#7d8fb3", "#5b6d92", "#3d4f6b", "#24344a", "#131f2e"].map((color, index) => {
    const base = 800 + index * 160;
    const points = ridge(2400, { base, height: 30 + index * 12, random });
    return `<polygon points="0,1600 ${points} 2400,1600" fill="${color}"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${(width * 2) / 3}" viewBox="0 0 2400 1600">
    <defs>
      <linearGradient id="sky" x2="0" y2="1">
        <stop offset="0" stop-color="#2b4a8b"/><stop offset=".45" stop-color="#f2a65e"/>
        <stop offset=".62" stop-color="#fbe3b5"/>
      </linearGradient>
      <radialGradient id="sun"><stop offset=".25" stop-color="#fff6d8"/>
        <stop offset="1" stop-color="#fff6d8" stop-opacity="0"/></radialGradient>
    </defs>
    <rect width="100%" height="100%" fill="url(#sky)"/>
    <circle cx="1680" cy="672" r="352" fill="url(#sun)"/>
    ${layers.slice(0, 3).join("")}${CABIN}${layers.slice(3).join("")}${BALLOON}
  </svg>`;
  return sharp(Buffer.from(svg)).flatten();
}

/** Three translucent discs on nothing. */
export function logo(side) {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}" viewBox="0 0 80 80">
    <circle cx="30" cy="34" r="24" fill="#e4572e" fill-opacity=".9"/>
    <circle cx="50" cy="34" r="24" fill="#17bebb" fill-opacity=".75"/>
    <circle cx="40" cy="50" r="24" fill="#ffc914" fill-opacity=".75"/>
  </svg>`;
  return sharp(Buffer.from(svg));
}

/** Two dots that turn around each other. */
export async function spinner(side) {
  const count = 12;
  const frames = await Promise.all(
    Array.from({ length: count }, (_, index) => {
      const angle = (index * 360) / count;
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}" viewBox="0 0 320 320">
        <rect width="100%" height="100%" fill="#102a43"/>
        <g transform="rotate(${angle} 160 160)"><circle cx="160" cy="60" r="34" fill="#f7c948"/>
        <circle cx="160" cy="260" r="20" fill="#e66a6a"/></g></svg>`;
      return sharp(Buffer.from(svg)).png().toBuffer();
    }),
  );
  return sharp(frames, { join: { animated: true } }).gif({ delay: frames.map(() => 80), loop: 0 });
}
