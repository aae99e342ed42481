import { ConfigError } from "./config/error.ts";
import type { EdgeApp } from "./edge/worker/app.ts";
import { createEdge } from "./edge/worker/app.ts";
import type { WorkerBindings, EdgeCache, BackgroundTasks } from "./edge/worker/bindings.ts";
import { readSettings } from "./edge/worker/settings.ts";

/** Cloudflare's extension of the standard. */
declare const caches: { readonly default: EdgeCache };

/** One app for each set of bindings, and so for each isolate. */
const apps = new WeakMap<WorkerBindings, EdgeApp>();

/**
 * The entry of the Worker on Cloudflare: answers variants from R2, and forwards misses to the service.
 * `wrangler.toml` configures it; docs/edge.md explains how.
 */
const worker: {
  fetch(request: Request, bindings: WorkerBindings, tasks: BackgroundTasks): Promise<Response>;
} = {
  fetch: async (request, bindings, tasks) => {
    try {
      return await getApp(bindings)(request, { cache: caches.default, tasks });
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

function getApp(bindings: WorkerBindings): EdgeApp {
  const known = apps.get(bindings) ?? createEdge(readSettings(bindings));
  apps.set(bindings, known);
  return known;
}
