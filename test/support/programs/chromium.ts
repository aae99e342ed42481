import { existsSync } from "node:fs";
import type { Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { chromium } from "playwright-core";

const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

export function hasChromium(): boolean {
  return existsSync(CHROMIUM);
}

/** Turns off parts that crash without a screen or shared memory, and that no page here needs. */
const WITHOUT = ["--disable-gpu", "--disable-dev-shm-usage"];

export function launchChromium(...args: readonly string[]): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", ...WITHOUT, ...args],
  });
}

/** A page on a port of loopback. */
export interface Site {
  readonly url: string;
  stop(): void;
}

export async function servePage(html: string): Promise<Site> {
  const server = createServer((_, response) => response.end(`<!doctype html>${html}`));
  return { url: await listen(server), stop: () => server.close() };
}

/** The address of a server from here on. */
export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // on TCP
}
