import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import axe from "axe-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { printSize } from "../../src/page/state/print.ts";
import { chooseKind, printTitle } from "../../src/page/form/groups.ts";
import type { Field } from "../../src/transform/options.ts";
import { FIELDS, OPTIONS } from "../../src/transform/options.ts";
import { drawPhoto, drawQuadrants } from "../support/images.ts";
import { hasChromium, launchChromium } from "../support/programs/chromium.ts";
import { ADMIN_TOKEN } from "../support/service/app.ts";
import type { TestServer } from "../support/service/server.ts";
import { createFolders, startTestServer, until } from "../support/service/server.ts";

/** A value of each option that is typed, where the first word or the least number is none. */
const TYPED: Readonly<Partial<Record<Field, string>>> = {
  aspectRatio: "16:9",
  crop: "0.1_0.1_0.5_0.5",
  background: "navy",
  tint: "1e90ff",
  version: "7f3a",
  expires: "1999999999",
  gamma: "1.8",
  dpr: "2",
};

describe.skipIf(!hasChromium())("the page in a browser", { retry: 1, timeout: 120_000 }, () => {
  let browser: Browser;
  let server: TestServer;
  let folders: Awaited<ReturnType<typeof createFolders>>;
  let context: BrowserContext;
  let page: Page;
  let problems: string[];

  beforeAll(async () => {
    browser = await launchChromium();
    folders = await createFolders({
      "photo.jpg": await drawPhoto(900, 600),
      "logo.png": await drawQuadrants(400, 400).png().toBuffer(),
      "notes.txt": Buffer.from("no image"),
    });
    await mkdir(join(folders.originals, "holidays"));
    await writeFile(join(folders.originals, "holidays/beach.jpg"), await drawPhoto(300, 200));
    server = await startTestServer({
      ORIGINALS_DIR: folders.originals,
      VARIANTS_DIR: folders.variants,
      POLICY: "signed",
      SIGNING_SECRETS: "a-secret-of-the-page-tests",
      PRESETS: "thumb=w_150,h_150,c_fill",
    });
  });

  afterAll(async () => {
    await browser.close();
    await server.stop();
    await folders.remove();
  });

  beforeEach(async () => {
    await context?.close();
    problems = [];
    context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
    page = await context.newPage();
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) problems.push(message.text());
    });
  });

  /** Opens a place with the token, as the printed address does. */
  async function open(fragment = "#/"): Promise<void> {
    await page.goto(`${server.url}/#token=${ADMIN_TOKEN}`);
    await page.locator(".tiles").waitFor();
    await page.evaluate(`location.hash = ${JSON.stringify(fragment)}`);
  }

  async function openPhoto(options = "w_300,f_webp"): Promise<void> {
    await open(`#/photo.jpg?${options}`);
    await page.locator(".comparison .before").waitFor();
  }

  function readFragment(): Promise<string> {
    return page.evaluate<string>("location.hash");
  }

  /** The options that the address has. */
  async function readOptions(): Promise<string> {
    return decodeURIComponent((await readFragment()).split("?")[1] ?? "");
  }

  function control(field: Field) {
    return page.locator(".control").filter({
      has: page.locator(".title").getByText(printTitle(field), { exact: true }),
    });
  }

  async function openGroups(): Promise<void> {
    await page.evaluate(
      'document.querySelectorAll("details").forEach((details) => { details.open = true; })',
    );
  }

  it("asks for the token, and has it in no address afterwards", async () => {
    await page.goto(`${server.url}/`);
    await page.getByLabel("Token").fill("not-the-token");
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByRole("alert").getByText("the bearer token is missing or wrong").waitFor();
    problems = []; // browsers report each 401
    await page.getByLabel("Token").fill(ADMIN_TOKEN);
    await page.getByRole("button", { name: "Open" }).click();
    await page.locator(".tile").first().waitFor();
    await page.goto(`${server.url}/#token=${ADMIN_TOKEN}`);
    await page.locator(".tile").first().waitFor();
    expect(page.url()).not.toContain("token");
    await page.reload();
    await page.locator(".tile").first().waitFor();
    expect(problems).toEqual([]);
  });

  it("shows originals and folders, finds by name, and goes into folders", async () => {
    await open();
    await page.locator(".tile img").nth(1).waitFor();
    expect(await page.locator(".tile .name").allTextContents()).toEqual(["logo.png", "photo.jpg"]);
    await page.getByRole("searchbox").fill("BEA");
    await page.getByText("holidays/beach.jpg").waitFor();
    await page.getByRole("searchbox").fill("");
    await page.getByRole("link", { name: "holidays", exact: true }).click();
    await page.locator(".tile").getByText("beach.jpg", { exact: true }).click();
    await page.locator(".comparison img").first().waitFor();
    expect(await readFragment()).toBe("#/holidays/beach.jpg?w_1200,f_auto");
    expect(problems).toEqual([]);
  });

  it("adds images to a folder, and says why it does not take one", async () => {
    await open("#/holidays/");
    await page.locator(".tile").getByText("beach.jpg", { exact: true }).waitFor();
    const input = page.getByLabel("Add images");
    const buffer = await drawPhoto(120, 80);
    await input.setInputFiles({ name: "new one.jpg", mimeType: "image/jpeg", buffer });
    await page.locator(".tile").getByText("new one.jpg", { exact: true }).waitFor();
    expect(problems).toEqual([]);
    const text = Buffer.from("no image at all");
    await input.setInputFiles({ name: "text.jpg", mimeType: "image/jpeg", buffer: text });
    await page.getByRole("alert").getByText("text.jpg: ").waitFor();
  });

  it("makes the variant that the address names, stores none, and keeps its state when it is loaded again", async () => {
    await openPhoto("w_300,h_300,f_webp");
    const readSizes = () =>
      page.evaluate<number[][]>(
        '[...document.querySelectorAll(".comparison img")].map((image) => [image.naturalWidth, image.naturalHeight])',
      );
    expect(await readSizes()).toEqual([
      [300, 300],
      [300, 300],
    ]);
    await page.getByText("300 × 300").waitFor();
    await page.reload();
    await page.locator(".comparison .before").waitFor();
    expect(await readOptions()).toBe("w_300,h_300,f_webp");
    const stored = await fetch(`${server.url}/-/explain/w_300,h_300,f_webp/photo.jpg`, {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    expect(await stored.json()).not.toHaveProperty("storedBytes");
    expect(problems).toEqual([]);
  });

  it("has a control for each option of the table, which sets it and clears it", async () => {
    await openPhoto();
    await openGroups();
    for (const field of FIELDS) {
      const { label } = OPTIONS[field];
      const row = control(field);
      const kind = chooseKind(field);
      const typed = TYPED[field];
      const clear = row.locator(".clear");
      if (await clear.isEnabled()) await clear.click();
      if (kind === "switch") await row.getByRole("checkbox").check();
      else if (typed !== undefined) await row.locator(".typed").fill(typed);
      else if (kind === "number") await row.locator("input[type=range]").press("ArrowRight");
      else await row.locator(".pills button, .compass button").first().click();
      expect(await readOptions(), field).toMatch(
        new RegExp(`(^|,|\\.)${label.replace(/^fl_/, "(fl_)?(\\w+\\.)*")}(_|:|,|\\.|$)`),
      );
      await clear.click();
      expect(await readOptions(), field).not.toContain(`${label}_`);
    }
    expect(problems).toEqual([]);
  });

  it("says what is wrong with a value, and goes on with the last right one", async () => {
    await openPhoto();
    await control("width").locator(".typed").fill("0");
    await page.getByText("must be an integer from 1 to 8192").waitFor();
    expect(await readOptions()).toBe("w_300,f_webp");
    await page.getByLabel("Options of the URL").fill("w_300,h_x");
    await page.getByText('option "h" must be').waitFor();
    await page.getByLabel("Options of the URL").fill("h_50,f_webp");
    await until(async () => (await readOptions()) === "h_50,f_webp");
    expect(problems).toEqual([]);
  });

  it("sets the focal point by a click and by arrow keys, and the crop by a drag", async () => {
    await openPhoto("w_200,h_300,f_webp");
    await page.locator(".picture img").waitFor();
    const box = await page.locator(".picture").boundingBox();
    if (!box) throw new Error("there is no original");
    const at = (x: number, y: number) => [box.x + box.width * x, box.y + box.height * y] as const;
    await page.mouse.click(...at(0.25, 0.75));
    expect(await readOptions()).toContain("g_0.25x0.75");
    await page.locator(".dot").press("ArrowRight");
    await page.locator(".dot").press("ArrowUp");
    expect(await readOptions()).toContain("g_0.27x0.73");
    await page.mouse.move(...at(0.2, 0.1));
    await page.mouse.down();
    await page.mouse.move(...at(0.5, 0.6));
    await page.mouse.move(...at(0.7, 0.9));
    await page.mouse.up();
    const [, ...parts] = /crop_([\d.]+)_([\d.]+)_([\d.]+)_([\d.]+)/.exec(await readOptions()) ?? [];
    const expected = [0.2, 0.1, 0.5, 0.8];
    for (const [index, part] of parts.entries()) {
      expect(Math.abs(Number(part) - (expected[index] ?? 0))).toBeLessThan(0.01);
    }
    expect(parts).toHaveLength(4);
    await page.locator(".picture .crop").waitFor();
    expect(problems).toEqual([]);
  });

  it("uncovers the original by keys", async () => {
    await openPhoto();
    const slider = page.getByLabel("Share of the original that is shown");
    await slider.press("Home");
    const clip = () =>
      page.evaluate<string>('getComputedStyle(document.querySelector(".before")).clipPath');
    expect(await clip()).toBe("inset(0px 100% 0px 0px)");
    await slider.press("End");
    expect(await clip()).toBe("inset(0px 0% 0px 0px)");
  });

  it("measures all formats and qualities, and marks the smallest of each quality", async () => {
    await openPhoto();
    const cells = page.locator(".formats .cell");
    await until(async () => (await cells.count()) === 16);
    const made = await fetch(`${server.url}/-/images/w_300,f_webp,q_auto:eco/photo.jpg`, {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    const { byteLength } = await made.arrayBuffer();
    const cell = page.getByRole("button", { name: /^Use webp, eco/ });
    expect(await cell.locator(".bytes").textContent()).toBe(printSize(byteLength));
    expect(await cell.locator(".more").textContent()).toMatch(/^[−+±×][\d.]+( %)? · [\d.]+ m?s$/);
    const least = (await page.locator(".formats .least").allTextContents()).map(
      (text) => /^Use \w+, (\w+)/.exec(text)?.[1],
    );
    expect(new Set(least)).toEqual(new Set(["best", "good", "eco", "low", "lossless"]));
    await cell.click();
    await until(async () => (await readOptions()) === "w_300,f_webp,q_auto:eco");
    expect(problems).toEqual([]);
  });

  it("plans a srcset for three screens", async () => {
    await openPhoto();
    await page.locator(".planner").waitFor();
    await page.getByLabel("Widths").fill("100, 400, 800");
    await page.getByLabel("Sizes").fill("100px");
    await page.getByText("needs 300, takes 400").waitFor();
    await page.getByText("needs 200, takes 400").waitFor();
    await page.getByText("needs 100, takes 100").waitFor();
    await until(async () => !(await page.locator(".weights").textContent())?.includes("…"));
    await page.getByRole("button", { name: /Copy the srcset/ }).click();
    const copied = await page.evaluate<string>("navigator.clipboard.readText()");
    expect(copied).toBe(
      [100, 400, 800].map((w) => `${server.url}/w_${w},f_webp/photo.jpg ${w}w`).join(", "),
    );
    expect(problems).toEqual([]);
  });

  it("writes code, and has its URLs signed by the service", async () => {
    await openPhoto();
    const code = page.locator(".code pre");
    await code.waitFor();
    const names = await page.locator(".code .pills button").allTextContents();
    expect(names).toEqual([
      "URL",
      "<img>",
      "<picture>",
      "Next",
      "Nuxt",
      "unpic",
      "TypeScript",
      "curl",
    ]);
    for (const name of names) {
      await page.locator(".code .pills").getByRole("button", { name, exact: true }).click();
      expect(await code.textContent(), name).toContain("photo.jpg");
    }
    await page.locator(".code").getByRole("button", { name: "URL", exact: true }).click();
    expect((await fetch(String(await code.textContent()))).status).toBe(403);
    await page.getByLabel("Signed URLs").check();
    await until(async () => (await code.textContent())?.includes("/s--") ?? false);
    await page.getByRole("button", { name: /Copy the code/ }).click();
    const url = await page.evaluate<string>("navigator.clipboard.readText()");
    expect(url).not.toContain("…");
    expect((await fetch(url)).status).toBe(200);
    await page.locator(".code").getByRole("button", { name: "<picture>", exact: true }).click();
    await until(async () => /srcset[^]*s--[^]*s--/.test((await code.textContent()) ?? ""));
    expect(problems).toEqual([]);
  });

  it("explains the URL, and prints presets as a line of configuration", async () => {
    await openPhoto();
    const explain = page.locator(".explain");
    await explain.getByText("variants/1/photo.jpg/w_300.webp").waitFor();
    expect(await explain.textContent()).toContain("refused");
    expect(await explain.textContent()).toContain("a signature is needed");
    const preset = page.locator(".preset");
    await preset.getByLabel("Name").fill("wide");
    await preset
      .getByText('PRESETS="thumb=w_150,h_150,c_fill wide=w_300,f_webp"', { exact: true })
      .waitFor();
    await preset.getByLabel("Name").fill("Not so");
    await preset.getByText("a name must be like small-2").waitFor();
    expect(problems).toEqual([]);
  });

  it("shows a description as text", async () => {
    await open("#/photo.jpg?f_json");
    await page.locator(".description").getByText('"width": 900').waitFor();
    expect(problems).toEqual([]);
  });

  it.each([
    [1440, "light"],
    [1440, "dark"],
    [390, "light"],
    [390, "dark"],
  ] as const)(
    "can be read and used by everybody, %i pixels wide, in %s",
    async (width, colorScheme) => {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const findViolations = async (): Promise<readonly string[]> => {
        await page.evaluate(axe.source);
        return page.evaluate<string[]>(
          "axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`)))",
        );
      };
      const overflow = () =>
        page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
      await page.goto(`${server.url}/`);
      await page.getByLabel("Token").waitFor();
      expect(await findViolations()).toEqual([]);
      await open();
      await page.locator(".tile img").first().waitFor();
      expect([await findViolations(), await overflow()]).toEqual([[], 0]);
      await openPhoto("w_300,g_auto,e_saturation:20,f_png,fl_progressive");
      await openGroups();
      await until(async () => (await page.locator(".formats .cell").count()) === 16);
      expect([await findViolations(), await overflow()]).toEqual([[], 0]);
    },
  );
});
