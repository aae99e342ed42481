import type { Context, Hono } from "hono";
import { MediaError } from "../../errors.ts";
import type { PurgeOptions, PurgeResult, PurgeTarget } from "../../media/purge/purge.ts";
import { decodeSegment } from "../../url/percent.ts";
import { addRoute } from "./route.ts";
import { cutQuery, getTarget } from "../wire.ts";

export type Purge = (target: PurgeTarget, options: PurgeOptions) => Promise<PurgeResult>;

/** The path of all variants; the key of an original may follow. */
const PATH = "/variants";
const PARAMETERS: ReadonlySet<string> = new Set(["prefix", "dry-run", "cursor"]);

/** `DELETE /-/variants/KEY` and `DELETE /-/variants?prefix=P`. */
export function addPurgeRoute(app: Hono, purge: Purge): void {
  addRoute(app, `${PATH}/*`, { DELETE: (c) => respondPurge(c, purge) });
}

async function respondPurge(c: Context, purge: Purge): Promise<Response> {
  // cut here: the router would decode the key in another way
  const { path } = c.req;
  const query = readQuery(cutQuery(getTarget(c.req.raw, c.env)));
  const target = parseTarget(path.slice(path.indexOf(PATH) + PATH.length), query);
  const cursor = query.get("cursor");
  const result = await purge(target, {
    isDryRun: query.has("dry-run"),
    ...(cursor !== null && { cursor }),
  });
  return c.json(toBody(target, result), 200, { "cache-control": "no-store" });
}

/** Refuses unknown and repeated parameters: a misspelt `dry-run` must not delete anything. */
function readQuery(query: string): URLSearchParams {
  const parameters = new URLSearchParams(query);
  for (const name of PARAMETERS) {
    if (parameters.getAll(name).length < 2) continue;
    throw new MediaError("invalid_path", `there must be one "${name}", got several`);
  }
  const odd = [...parameters.keys()].find((name) => !PARAMETERS.has(name));
  if (odd === undefined) return parameters;
  const expected = [...PARAMETERS].join(" or ");
  throw new MediaError("invalid_path", `a parameter must be ${expected}, got "${odd}"`);
}

function parseTarget(rest: string, query: URLSearchParams): PurgeTarget {
  const prefix = query.get("prefix");
  const key = rest.slice(1).split("/").map(decodeSegment).join("/");
  if (prefix !== null && key !== "") {
    throw new MediaError("invalid_path", "there must be a key or a prefix, got both");
  }
  return prefix === null ? { kind: "key", key } : { kind: "prefix", prefix };
}

function toBody(target: PurgeTarget, { purged, ...rest }: PurgeResult): object {
  if (target.kind === "prefix") return { prefix: target.prefix, originals: purged, ...rest };
  return { ...purged[0], ...rest };
}
