// Takes the screenshot of the page that heads the README: npm run docs:screenshot
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { launchChromium } from "../programs/chromium.ts";
import { ADMIN_TOKEN } from "../service/app.ts";
import { createFolders, startTestServer } from "../service/server.ts";

const FILE = fileURLToPath(new URL("../../../docs/images/page.webp", import.meta.url));
const PLACE = "#/landscape.jpg?w_1200,h_720,g_0.26x0.42,e_saturation:45,f_auto";
/** Kilobytes; the README is read on slow connections too. */
const MAX_BYTES = 200_000;

await import("../../../samples/draw.js"); // draws what is missing
const folders = await createFolders({});
const server = await startTestServer({
  PORT: "3000", // the address is in the image
  ORIGINALS_DIR: fileURLToPath(new URL("../../../samples/originals", import.meta.url)),
  VARIANTS_DIR: folders.variants,
});
const browser = await launchChromium();
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 1275 } });
  await page.goto(`${server.url}/#token=${ADMIN_TOKEN}`);
  await page.locator(".tiles").waitFor();
  await page.evaluate(`location.hash = ${JSON.stringify(PLACE)}`);
  await page.locator(".formats .cell").nth(15).waitFor({ timeout: 120_000 });
  await page.locator(".comparison .before").waitFor();
  const shot = sharp(await page.screenshot());
  const { size } = await shot.webp({ quality: 82, effort: 6 }).toFile(FILE);
  if (size > MAX_BYTES) throw new Error(`the screenshot has ${size} bytes`);
  process.stdout.write(`${size} bytes\n`);
} finally {
  await browser.close();
  await server.stop();
  await folders.remove();
}
