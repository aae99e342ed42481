import type { Hono } from "hono";
import type { OriginalsPage, ListOriginalsInput } from "../../media/originals/list.ts";
import { addRoute } from "./route.ts";
import { cutQuery, getTarget } from "../wire.ts";
import { MediaError } from "../../errors.ts";
import type { ExplainDeps } from "./explain.ts";
import { addExplainRoute } from "./explain.ts";
import type { ImageDeps } from "./images.ts";
import { addImageRoute } from "./images.ts";
import type { Sign } from "./sign.ts";
import { addSignRoute } from "./sign.ts";

/** The facts about the service that the page begins with. */
export interface PageSettings {
  readonly basePath: string;
  /** The beginning of the keys of all originals. */
  readonly originalsPrefix: string;
  readonly variantsRoot: string;
  /** The options of each preset, by its name. */
  readonly presets: Readonly<Record<string, string>>;
  /** The policy in words, a line each. */
  readonly policy: readonly string[];
  readonly canSign: boolean;
}

export interface PageDeps extends ExplainDeps, ImageDeps {
  readonly page: {
    readonly settings: PageSettings;
    readonly list: (input: ListOriginalsInput) => Promise<OriginalsPage>;
    /** Absent without a secret. */
    readonly sign?: Sign | undefined;
  } & ExplainDeps["page"] &
    ImageDeps["page"];
}

/** Keys and folders on one page of the gallery. */
const PAGE_KEYS = 60;

/** Adds the routes of the page to those of operators, which need their token. */
export function addPageRoutes(app: Hono, deps: PageDeps): void {
  const { settings, list, sign } = deps.page;
  addRoute(app, "/settings", { GET: (c) => c.json(settings) });
  addRoute(app, "/originals", {
    GET: async (c) => {
      const query = new URLSearchParams(cutQuery(getTarget(c.req.raw, c.env)));
      const { prefix = settings.originalsPrefix, search, cursor } = readListQuery(query);
      return c.json(
        await list({
          prefix,
          limit: PAGE_KEYS,
          signal: c.req.raw.signal,
          ...(search && { search }),
          ...(cursor && { cursor }),
        }),
      );
    },
  });
  addSignRoute(app, sign);
  addExplainRoute(app, deps);
  addImageRoute(app, deps);
}

const LIST_PARAMETERS: readonly string[] = ["prefix", "search", "cursor"];

function readListQuery(query: URLSearchParams): Readonly<Record<string, string | undefined>> {
  const odd = [...query.keys()].find((name) => !LIST_PARAMETERS.includes(name));
  if (odd === undefined) return Object.fromEntries(query);
  const expected = LIST_PARAMETERS.join(", ");
  throw new MediaError("invalid_path", `a parameter must be one of ${expected}, got "${odd}"`);
}
