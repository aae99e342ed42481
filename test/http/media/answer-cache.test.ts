import { describe, expect, it } from "vitest";
import { DEFAULT_CACHE_RULES } from "../../../src/http/answer/cache-control.ts";
import { AnswerCache } from "../../../src/http/media/answer-cache.ts";
import type { VariantDeps } from "../../../src/http/media/variant.ts";
import type { TestApp } from "../../support/service/app.ts";
import { createFilledApp } from "../../support/service/app.ts";
import { RULES } from "../../support/media/variants.ts";

interface Both {
  readonly app: TestApp;
  readonly hits: AnswerCache;
}

/** An application without the cache, and a cache that learns from its requests. */
async function createBoth(overrides: Partial<VariantDeps> = {}): Promise<Both> {
  const noted: Parameters<AnswerCache["add"]>[] = [];
  const add: AnswerCache["add"] = (...args) => void noted.push(args);
  const app = await createFilledApp({
    ...overrides,
    answerCache: { add, answer: () => undefined },
  });
  const hits = new AnswerCache({
    variants: app.variants,
    rules: RULES,
    delivery: "auto",
    publicUrl: undefined,
    cache: DEFAULT_CACHE_RULES,
    observe: () => {},
    ...overrides,
  });
  const request: TestApp["request"] = async (target, init) => {
    const response = await app.request(target, init);
    for (const args of noted.splice(0)) hits.add(...args);
    return response;
  };
  return { app: { ...app, request }, hits };
}

const TARGETS = [
  "/w_100/photos/cat.jpg",
  "/w_100,f_auto/photos/cat.jpg",
  "/w_100,v_1/photos/cat.jpg",
  "/variants/1/photos/cat.jpg/w_100.jpg",
  "/variants/1/photos/cat.jpg/w_100.jpg?v=x",
];
const HEADERS: readonly Record<string, string>[] = [
  {},
  { accept: "image/avif,image/webp" },
  { accept: "image/webp;q=0.5" },
  { via: "1.1 cdn" },
  { "if-none-match": "*" },
  { "if-none-match": '"no"' },
];

async function describeResponse(response: Response): Promise<unknown> {
  response.headers.delete("server-timing");
  const bytes = [...new Uint8Array(await response.arrayBuffer())];
  return { status: response.status, headers: Object.fromEntries(response.headers), bytes };
}

describe("the short way of hits", () => {
  it.each([{}, { publicUrl: "https://media.example.com" }])(
    "answers what the long way does (%j)",
    async (overrides) => {
      const { app, hits } = await createBoth(overrides);
      let answered = 0;
      for (const target of TARGETS) {
        for (const headers of HEADERS) {
          for (const method of ["GET", "HEAD"]) {
            await app.request(target, { headers });
            await app.drain();
            const expected = await app.request(target, { method, headers });
            const answer = hits.answer({ method, target, headers });
            if (!answer) continue; // its bytes are not at hand
            answered += 1;
            const body = method === "HEAD" ? null : Buffer.from(answer.body ?? []);
            const { status } = answer;
            const response = new Response(status === 304 ? null : body, { ...answer });
            expect(await describeResponse(response)).toEqual(await describeResponse(expected));
          }
        }
      }
      expect(answered).toBeGreaterThan(40);
    },
  );

  it("has no answer to what was never asked for, or in another way", async () => {
    const { app, hits } = await createBoth();
    const target = "/w_100,f_auto/photos/cat.jpg";
    const headers = { accept: "image/webp" };
    await app.request(target, { headers });
    await app.drain();
    expect(hits.answer({ method: "GET", target, headers })?.status).toBe(200);
    expect(hits.answer({ method: "GET", target, headers: {} })).toBeUndefined();
    expect(hits.answer({ method: "POST", target, headers })).toBeUndefined();
    expect(hits.answer({ method: "GET", target: `${target}?explain`, headers })).toBeUndefined();
  });

  it("learns nothing from requests that fail", async () => {
    const learnt: string[] = [];
    const answerCache = {
      add: ({ target }: { readonly target: string }) => void learnt.push(target),
      answer: () => undefined,
    };
    const app = await createFilledApp({ answerCache });
    for (const target of ["/w_3/nope.jpg", "/w_0/photos/cat.jpg", "/w_3/photos/cat.jpg"]) {
      await app.request(target);
    }
    expect(learnt).toEqual(["/w_3/photos/cat.jpg"]);
  });

  it("has no answer once the URL has expired, or the variant has to be looked behind", async () => {
    let seconds = 1000;
    const rules = { ...RULES, verify: async () => true, now: () => seconds * 1000 };
    const { app, hits } = await createBoth({ rules });
    const expiring = "/s--any--/w_100,exp_1010/photos/cat.jpg";
    const lasting = "/w_100/photos/cat.jpg";
    for (const target of [expiring, lasting]) await app.request(target);
    await app.drain();
    const ask = (target: string): unknown => hits.answer({ method: "GET", target, headers: {} });
    expect(ask(expiring)).toBeDefined();
    seconds = 1010;
    expect(ask(expiring)).toBeUndefined();
    expect(ask(lasting)).toBeDefined();
    app.advance(2001);
    expect(ask(lasting)).toBeUndefined();
  });
});
