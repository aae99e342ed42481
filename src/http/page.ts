import type { Answer } from "./answer/answer.ts";
import { answerText } from "./answer/answer.ts";
import type { WireRequest } from "./wire.ts";
import { readHeader } from "./wire.ts";

/** A static file of the page. */
export interface PageFile {
  readonly contentType: string;
  readonly body: Uint8Array;
  /** In quotes. */
  readonly etag: string;
}

/** The files of the page by their names, such as `main.js`; `index.html` is the page itself. */
export type PageFiles = ReadonlyMap<string, PageFile>;

/** Scripts, styles and images of this service alone; images that a script has fetched are blobs. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": POLICY,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-cache",
};

const WITHOUT_PAGE = `shift-media makes variants of images: /w_300/KEY is the image KEY, 300 pixels wide.
This service has no page. Set PAGE=true to have one here, and ADMIN_TOKEN to use it.
`;

/** Files of the page that it loads; they are public, and hold nothing. */
const FOLDER = "/-/page/";

/** True for the page and its files, which need no token. */
export function isPagePath(path: string): boolean {
  return path === "/" || path.startsWith(FOLDER);
}

/** Answers `/` and the files of the page; `undefined` for a file that it does not have. */
export function answerShell(
  path: string,
  wire: WireRequest,
  files: PageFiles | undefined,
): Answer | undefined {
  if (!files) return path === "/" ? answerText(WITHOUT_PAGE) : undefined;
  const file = files.get(path === "/" ? "index.html" : path.slice(FOLDER.length));
  if (!file) return undefined;
  const { contentType, body, etag } = file;
  const headers = { ...HEADERS, etag };
  if (readHeader(wire, "if-none-match") === etag) return { status: 304, headers };
  const content = { "content-type": contentType, "content-length": String(body.length) };
  return { status: 200, headers: { ...headers, ...content }, body };
}
