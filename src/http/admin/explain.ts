import type { Context, Hono } from "hono";
import { MediaError } from "../../errors.ts";
import type { VariantInfo } from "../../media/variant.ts";
import type { Explanation } from "../../request/explain.ts";
import { explainRequest } from "../../request/explain.ts";
import { readRequest } from "../../request/read.ts";
import type { MediaRequest, RequestRules, VariantRequest } from "../../request/request.ts";
import { addRoute } from "./route.ts";
import { getTarget } from "../wire.ts";

export interface ExplainDeps {
  readonly rules: RequestRules;
  readonly page: {
    readonly findStored: (request: VariantRequest) => Promise<VariantInfo | undefined>;
  };
}

/** A request in words, and the facts about it that only a service knows. */
export interface ServiceExplanation extends Explanation {
  /** The request is allowed as it stands; otherwise `policy` says why not. */
  readonly isAllowed: boolean;
  /** The bytes of the stored variant, if there is one. */
  readonly storedBytes?: number;
}

const PATH = "/-/explain";

/** `GET /-/explain/w_300/KEY`: how a request is read, whether it is allowed, and whether it is stored. */
export function addExplainRoute(app: Hono, deps: ExplainDeps): void {
  addRoute(app, "/explain/*", { GET: async (c) => c.json(await explain(c, deps)) });
}

async function explain(c: Context, { rules, page }: ExplainDeps): Promise<ServiceExplanation> {
  const target = getTarget(c.req.raw, c.env).slice(PATH.length);
  const { request, refusal } = await readAllowed(target, c.req.header("accept"), rules);
  const explanation = explainRequest(target, request, rules);
  const stored = request.form === "original" ? undefined : await page.findStored(request);
  return {
    ...explanation,
    ...(refusal !== undefined && { policy: refusal }),
    isAllowed: refusal === undefined,
    ...(stored && { storedBytes: stored.size }),
  };
}

/** Reads a request that may be refused, as it would be read with a signature. */
async function readAllowed(
  target: string,
  accept: string | undefined,
  rules: RequestRules,
): Promise<{ readonly request: MediaRequest; readonly refusal?: string }> {
  try {
    return { request: await readRequest(target, accept, rules) };
  } catch (error) {
    if (!(error instanceof MediaError && error.code === "not_allowed")) throw error;
    const request = await readRequest(target, accept, openRules(rules));
    return { request, refusal: error.message };
  }
}

/** The rules for one who has the token: anything within the bounds, as with a signature. */
export function openRules(rules: RequestRules): RequestRules {
  return {
    ...rules,
    policy: { isOpen: true, hasPresets: false },
    mayMakeStored: () => true,
    originals: { ...rules.originals, passthrough: "allow" },
  };
}
