import type { Hono } from "hono";
import { MediaError } from "../../errors.ts";
import { MAX_PATH_BYTES } from "../../url/key.ts";
import { readText } from "./body.ts";
import { addRoute } from "./route.ts";

/** Makes the signature of a decoded path. */
export type Sign = (path: string) => string;

/** A `<picture>` has some dozens of URLs. */
const MAX_PATHS = 200;

/** `POST /-/sign`: the signatures of decoded paths, which begin with neither a base path nor a slash. */
export function addSignRoute(app: Hono, sign: Sign | undefined): void {
  addRoute(app, "/sign", {
    POST: async (c) => {
      if (!sign) throw new MediaError("not_found", "set SIGNING_SECRETS to have URLs signed");
      const paths = parsePaths(await readText(c.req.raw, MAX_PATHS * MAX_PATH_BYTES));
      return c.json({ signatures: paths.map((path) => sign(path)) });
    },
  });
}

/** @throws MediaError `invalid_body` */
function parsePaths(text: string): readonly string[] {
  const paths = readField(text);
  const isList = Array.isArray(paths) && paths.every((path) => typeof path === "string");
  if (isList && paths.length <= MAX_PATHS) return paths;
  const expected = `{"paths": […]} with at most ${MAX_PATHS} texts`;
  throw new MediaError("invalid_body", `the body must be JSON like ${expected}`);
}

function readField(text: string): unknown {
  try {
    return (JSON.parse(text) as { readonly paths?: unknown } | null)?.paths; // checked by the caller
  } catch {
    return undefined;
  }
}
