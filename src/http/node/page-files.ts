import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { extname } from "node:path";
import type { PageFile, PageFiles } from "../page.ts";

/** `npm run build:page` writes it. Sources and build are equally deep, so it is found from both. */
const FOLDER = new URL("../../../dist/page/", import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Reads the files of the page. @throws Error when the page was not built */
export function readPageFiles(): PageFiles {
  const names = readdirSync(FOLDER).filter((name) => extname(name) in TYPES);
  return new Map(names.map((name) => [name, readPageFile(name)]));
}

function readPageFile(name: string): PageFile {
  const body = readFileSync(new URL(name, FOLDER));
  const hash = createHash("sha256").update(body).digest("base64url").slice(0, 16);
  return { contentType: TYPES[extname(name)] ?? "", body, etag: `"${hash}"` };
}
