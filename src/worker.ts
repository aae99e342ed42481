import { ConfigError } from "./config/error.ts";
import type { EdgeApp } from "./edge/worker/app.ts";
import { createEdge } from "./edge/worker/app.ts";
import type { Bindings, EdgeCache, Lifetime } from "./edge/worker/bindings.ts";
import { readSettings } from "./edge/worker/settings.ts";

/** Cloudflare's, beside what the standard has. */
declare const caches: { readonly default: EdgeCache };

/** One for each set of bindings, and so for each isolate. */
const apps = new WeakMap<Bindings, EdgeApp>();

/**
 * The edge on Cloudflare: answers variants from R2, and has the service make what is not there. Set up by
 * `wrangler.toml`; docs/edge.md tells how.
 */
const worker: {
  fetch(request: Request, bindings: Bindings, lifetime: Lifetime): Promise<Response>;
} = {
  fetch: async (request, bindings, lifetime) => {
    try {
      return await getApp(bindings)(request, { cache: caches.default, lifetime });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      console.error(`the configuration is wrong:\n${error.message}`);
      const message = `the configuration is wrong: ${error.message}`;
      const headers = { "cache-control": "no-store" };
      return Response.json({ code: "internal", message }, { status: 500, headers });
    }
  },
};

export default worker;

function getApp(bindings: Bindings): EdgeApp {
  const known = apps.get(bindings) ?? createEdge(readSettings(bindings));
  apps.set(bindings, known);
  return known;
}
