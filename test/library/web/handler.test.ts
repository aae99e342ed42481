import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Handler, Library } from "../../../src/library.ts";
import { createMemoryStore } from "../../../src/library.ts";
import type { ObjectStore } from "../../../src/store/store.ts";
import { drawUnique, openLibrary } from "../../support/library/library.ts";

const PATH = "/api/media";

let library: Library;
let originals: ObjectStore;
let handle: Handler;

beforeAll(() => {
  originals = createMemoryStore();
  library = openLibrary({ originals, variants: createMemoryStore() });
  const posts = library.collection("posts", {
    accept: ["image", "pdf"],
    maxBytes: 50_000,
    meta: z.object({ alt: z.string().default("") }),
  });
  handle = posts.handler({
    path: PATH,
    authorize: ({ headers }) => {
      const user = headers.get("x-user");
      if (user === "banned") return new Response("go away", { status: 451 });
      return user === null ? undefined : { owner: user === "admin" ? undefined : user };
    },
  });
});
afterAll(() => library.close());

interface Answer {
  readonly status: number;
  // the tests say what is in it
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

async function send(
  method: string,
  path: string,
  user: string,
  init: RequestInit = {},
): Promise<Answer> {
  const request = new Request(`https://app.example.com${PATH}${path}`, {
    method,
    headers: { "x-user": user },
    duplex: "half",
    ...init,
  });
  const response = await handle(request);
  const text = await response.text();
  return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : text };
}

/** Sends a request, and gives the status and the code of the answer. */
async function attempt(...args: Parameters<typeof send>): Promise<readonly unknown[]> {
  const { status, body } = await send(...args);
  return [status, body.code];
}

async function put(user: string): Promise<string> {
  const { status, body } = await send("POST", "", user, { body: await drawUnique() });
  expect(status).toBe(201);
  return body.key;
}

describe("the handler of a collection", () => {
  it("takes a file as the body, and gives what is known of it", async () => {
    const bytes = await drawUnique(60, 30);
    const query = `?name=${encodeURIComponent("Fähre.jpg")}&meta=${encodeURIComponent('{"alt":"ü"}')}`;
    const { status, body } = await send("POST", query, "ann", { body: bytes });
    expect([status, body]).toMatchObject([
      201,
      { name: "Fähre.jpg", owner: "ann", width: 60, height: 30, meta: { alt: "ü" } },
    ]);
    expect(body.url).toBe(`https://img.example.com/${body.key}`);
    const got = await send("GET", `/${body.key}`, "ann");
    expect(got).toEqual({ status: 200, body });
    const listed = await send("GET", "?limit=10", "ann");
    expect(listed.body.items).toContainEqual(body);
  });

  it("takes a file in a form, with its fields", async () => {
    const form = new FormData();
    form.set("file", new File([await drawUnique()], "ü.jpg"));
    form.set("meta", JSON.stringify({ alt: "in a form" }));
    const { status, body } = await send("POST", "", "ann", { body: form });
    expect([status, body]).toMatchObject([201, { name: "ü.jpg", meta: { alt: "in a form" } }]);
  });

  it("refuses forms that it cannot take", async () => {
    const two = new FormData();
    two.append("file", new File(["a"], "a.jpg"));
    two.append("file", new File(["b"], "b.jpg"));
    const none = new FormData();
    none.set("meta", "{}");
    const large = new FormData();
    large.set("file", new File([new Uint8Array(60_000)], "a.jpg"));
    const broken = {
      body: "--x\r\n",
      headers: { "x-user": "ann", "content-type": "multipart/form-data; boundary=x" },
    };
    const outcomes = [];
    for (const init of [{ body: two }, { body: none }, { body: large }, broken]) {
      const { status, body } = await send("POST", "", "ann", init);
      outcomes.push([status, body.code]);
    }
    expect(outcomes).toEqual([
      [400, "invalid_body"],
      [400, "invalid_body"],
      [413, "too_large"],
      [400, "invalid_body"],
    ]);
  });

  it("answers refusals with a status each", async () => {
    expect(await attempt("POST", "", "ann", { body: "<html>" })).toEqual([415, "unsupported"]);
    expect(await attempt("POST", "", "ann")).toEqual([422, "unusable"]);
    expect(await attempt("POST", "", "ann", { body: new Uint8Array(60_000) })).toEqual([
      413,
      "too_large",
    ]);
    expect(
      await attempt("POST", "?meta=%7B%22alt%22%3A1%7D", "ann", { body: await drawUnique() }),
    ).toEqual([422, "invalid_metadata"]);
    expect(await attempt("POST", "?meta=%7B", "ann", { body: await drawUnique() })).toEqual([
      400,
      "invalid_body",
    ]);
    expect(await attempt("GET", "/posts/ann/none.jpg", "ann")).toEqual([404, "not_found"]);
    expect(await attempt("PUT", "", "ann")).toEqual([405, "method_not_allowed"]);
    expect(await attempt("GET", "?limit=0", "ann")).toEqual([400, "invalid_body"]);
    expect(await attempt("GET", "/posts/ann/a.jpg.json", "ann")).toEqual([400, "invalid_key"]);
  });

  it("lets an owner see and change only what is its own", async () => {
    const [ann, bob] = [await put("ann"), await put("bob")];
    for (const method of ["GET", "PATCH", "DELETE"]) {
      const init = method === "PATCH" ? { body: JSON.stringify({ name: "x" }) } : {};
      expect((await send(method, `/${bob}`, "ann", init)).status, method).toBe(404);
    }
    const steal = { body: JSON.stringify({ name: "x", key: ann.replace("/ann/", "/bob/") }) };
    expect((await send("PATCH", `/${ann}`, "ann", steal)).status).toBe(403);
    expect((await send("GET", `/${ann}`, "ann")).body.name).toBe("file");
    const { body } = await send("GET", "", "ann");
    expect(body.items.every((item: { owner: string }) => item.owner === "ann")).toBe(true);
    const named = await send("POST", "?key=posts/bob/a.jpg&owner=bob", "ann", {
      body: await drawUnique(),
    });
    expect(named.body).toMatchObject({ owner: "ann", key: expect.stringMatching(/^posts\/ann\//) });
    expect((await send("GET", `/${bob}`, "admin")).status).toBe(200);
    expect((await send("GET", `?owner=bob`, "admin")).body.items).toHaveLength(1);
  });

  it("asks who calls, before anything else", async () => {
    const anonymous = await handle(new Request(`https://app.example.com${PATH}`));
    expect([anonymous.status, await anonymous.json()]).toMatchObject([
      401,
      { code: "unauthorized" },
    ]);
    expect((await send("GET", "", "banned")).status).toBe(451);
    const slashed = library.collection("posts").handler({ path: "/m/", authorize: () => ({}) });
    expect((await slashed(new Request("https://a/m/posts/none.jpg"))).status).toBe(404);
    expect((await slashed(new Request("https://a/m"))).status).toBe(200);
    const elsewhere = await handle(new Request("https://app.example.com/other"));
    expect(elsewhere.status).toBe(404);
  });

  it("changes, moves and deletes", async () => {
    const key = await put("ann");
    const change = {
      focal: { x: 0.5, y: 0.25 },
      name: "b.jpg",
      meta: { alt: "b" },
      key: "posts/ann/b ü.jpg",
    };
    const moved = await send("PATCH", `/${key}`, "ann", { body: JSON.stringify(change) });
    expect([moved.status, moved.body]).toMatchObject([200, change]);
    expect((await send("GET", `/${key}`, "ann")).status).toBe(404);
    const path = `/${encodeURI(change.key)}`;
    for (const body of ["{}", "[]", "x", '{"focal":{"x":2,"y":0}}', '{"focal":5}', '{"name":5}']) {
      expect((await send("PATCH", path, "ann", { body })).status, body).toBeGreaterThanOrEqual(400);
    }
    const deleted = await send("DELETE", `${path}?after=7`, "ann");
    expect(deleted.body).toMatchObject({ deleted: [change.key], versions: "none" });
    expect(await originals.head(`trash/7/${change.key}`)).toBeDefined();
    expect((await send("DELETE", `${path}?after=5`, "ann")).status).toBe(400);
  });

  it("sends the bytes as a download that runs nothing", async () => {
    const bytes = await drawUnique();
    const { body } = await send("POST", "?name=%C3%BC.jpg", "ann", { body: bytes });
    const request = new Request(`https://a${PATH}/${body.key}?file`, {
      headers: { "x-user": "ann" },
    });
    const response = await handle(request);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "image/jpeg",
      "content-disposition": "attachment; filename*=UTF-8''%C3%BC.jpg",
      "x-content-type-options": "nosniff",
    });
    const head = await handle(new Request(request, { method: "HEAD" }));
    expect(head.body).toBeNull();
    expect(head.headers.get("content-length")).toBe(String(bytes.length));
  });
});
