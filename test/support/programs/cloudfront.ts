import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getQuickJS } from "quickjs-emscripten";
import type { FunctionRules } from "../../../src/edge/cloudfront/config.ts";
import { printFunction } from "../../../src/edge/cloudfront/config.ts";

const CODE = new URL("../../../src/edge/cloudfront/function.js", import.meta.url);

export function makeFunction(rules: FunctionRules): string {
  return printFunction(readFileSync(CODE, "utf8"), rules);
}

/** A viewer's request as CloudFront hands it over. */
interface ViewerEvent {
  readonly method?: string;
  readonly uri: string;
  readonly querystring?: Readonly<Record<string, { readonly value: string }>>;
  readonly accept?: string | undefined;
}

interface Rewritten {
  readonly uri: string;
  readonly accept: string | undefined;
}

/** Runs a Function where there is little more than ECMAScript 5.1. */
export interface FunctionRuntime {
  run(event: ViewerEvent): Rewritten;
  dispose(): void;
}

/** Syntax of later versions of the language, which the documentation of CloudFront's runtime does not list. */
const ABSENT = `
  ["Map", "Set", "WeakMap", "WeakSet", "WeakRef", "Proxy", "Reflect", "Symbol", "BigInt", "eval",
    "Function", "URL", "URLSearchParams", "TextEncoder", "TextDecoder", "console", "setTimeout"]
    .forEach(function (name) { delete globalThis[name]; });
  ["flatMap", "flat", "at", "findLast", "findLastIndex", "toSorted", "toReversed", "with", "entries", "values"]
    .forEach(function (name) { delete Array.prototype[name]; });
  ["matchAll", "at", "normalize", "replaceAll", "localeCompare"]
    .forEach(function (name) { delete String.prototype[name]; });
  ["fromEntries", "hasOwn", "groupBy"].forEach(function (name) { delete Object[name]; });
  delete Array.from;
`;

export async function startFunction(code: string): Promise<FunctionRuntime> {
  const engine = (await getQuickJS()).newContext();
  engine.unwrapResult(engine.evalCode(ABSENT)).dispose();
  engine.unwrapResult(engine.evalCode(code)).dispose();
  return {
    run: ({ method = "GET", uri, querystring = {}, accept }) => {
      const headers = accept === undefined ? {} : { accept: { value: accept } };
      const event = { version: "1.0", request: { method, uri, querystring, headers, cookies: {} } };
      const call = `JSON.stringify(handler(${JSON.stringify(event)}))`;
      const result = engine.unwrapResult(engine.evalCode(call));
      const request = JSON.parse(engine.getString(result)) as {
        uri: string;
        headers: Record<string, { value: string } | undefined>;
      };
      result.dispose();
      return { uri: request.uri, accept: request.headers["accept"]?.value };
    },
    dispose: () => engine.dispose(),
  };
}

export function hasNjs(): boolean {
  try {
    execFileSync("njs", ["-v"]);
    return true;
  } catch {
    return false;
  }
}

/** The URIs that come out in the engine that CloudFront's descends from, all in one process. */
export function rewriteInNjs(code: string, events: readonly ViewerEvent[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "shift-media-njs-"));
  const requests = events.map(({ uri, accept }) => ({
    method: "GET",
    uri,
    querystring: {},
    headers: accept === undefined ? {} : { accept: { value: accept } },
  }));
  const rewrite = `JSON.stringify(${JSON.stringify(requests)}.map((request) => handler({ request }).uri))`;
  const file = join(folder, "function.js");
  const results = join(folder, "results.json");
  const write = `require("fs").writeFileSync(${JSON.stringify(results)}, ${rewrite})`;
  writeFileSync(file, `${code}\n${write}`);
  try {
    execFileSync("njs", [file]);
    return JSON.parse(readFileSync(results, "utf8")) as string[];
  } finally {
    rmSync(folder, { recursive: true });
  }
}
