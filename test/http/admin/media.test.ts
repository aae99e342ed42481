import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decode, drawGrid, drawQuadrants, readGrid } from "../../support/images.ts";
import { drawUnique } from "../../support/library/library.ts";
import { OPERATOR } from "../../support/service/app.ts";
import type { TestServer } from "../../support/service/server.ts";
import { createFolders, startTestServer } from "../../support/service/server.ts";

const MEDIA_TOKEN = "a-token-of-backends";
const BACKEND = { authorization: `Bearer ${MEDIA_TOKEN}` };

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
}

interface Operation {
  readonly responses: Readonly<
    Record<
      string,
      { readonly content: { readonly "application/json": { readonly schema: Schema } } }
    >
  >;
}

const OPENAPI = JSON.parse(readFileSync("docs/openapi.json", "utf8")) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
};

let server: TestServer;
let folders: Awaited<ReturnType<typeof createFolders>>;

beforeAll(async () => {
  folders = await createFolders({});
  server = await startTestServer({
    ORIGINALS_DIR: folders.originals,
    VARIANTS_DIR: folders.variants,
    MEDIA_TOKEN,
    POOL_SIZE: "1",
    REQUEST_TIMEOUT_MS: "2000",
  });
});
afterAll(async () => {
  await server.stop();
  await folders.remove();
});

/** Finds what a value has that its schema does not, or lacks. */
function findDeviations(schema: Schema, value: unknown, path = ""): readonly string[] {
  const resolved = schema.$ref
    ? OPENAPI.components.schemas[schema.$ref.split("/").at(-1) ?? ""]
    : schema;
  const { type, properties, required = [], items, enum: words } = resolved ?? {};
  if (words && !words.includes(value)) return [`${path} is ${String(value)}`];
  if (type === "array") {
    return (value as unknown[]).flatMap((each) => findDeviations(items ?? {}, each, `${path}[]`));
  }
  const actual = typeof value === "number" && Number.isInteger(value) ? "integer" : typeof value;
  if (type !== undefined && type !== actual && type !== typeof value)
    return [`${path} is ${actual}`];
  if (!properties || typeof value !== "object") return [];
  const given = value as Readonly<Record<string, unknown>>;
  return [
    ...required.filter((name) => !(name in given)).map((name) => `${path}.${name} is missing`),
    ...Object.entries(given).flatMap(([name, each]) =>
      properties[name]
        ? findDeviations(properties[name], each, `${path}.${name}`)
        : [`${path}.${name}`],
    ),
  ];
}

interface Answer {
  readonly status: number;
  // the tests say what is in it
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

/** Makes a call, and checks its answer against the OpenAPI file. */
async function call(path: string, init: RequestInit = {}): Promise<Answer> {
  const { method = "GET" } = init;
  const response = await fetch(`${server.url}${path}`, { headers: BACKEND, ...init });
  const body: unknown = await response.json();
  const route = /^\/-\/media\/./.test(path) ? "/-/media/{key}" : "/-/media";
  const operation = OPENAPI.paths[route]?.[method.toLowerCase()];
  const schema = operation?.responses[String(response.status)]?.content["application/json"].schema;
  expect(schema, `${response.status} of ${method} ${route}: ${JSON.stringify(body)}`).toBeDefined();
  expect(findDeviations(schema ?? {}, body)).toEqual([]);
  return { status: response.status, body };
}

/** The colours of a square crop of an image, from left to right. */
async function lookAt(key: string): Promise<string> {
  const response = await fetch(`${server.url}/w_40,h_40/${key}`);
  const image = await decode(new Uint8Array(await response.arrayBuffer()));
  return readGrid(image, { columns: 2, rows: 1 });
}

describe("/-/media", () => {
  it("takes, lists, describes, changes and deletes as docs/openapi.json says", async () => {
    const body = await drawUnique(80, 40);
    const put = await call(
      `/-/media?key=${encodeURIComponent("a b/ü.jpg")}&meta=%7B%22alt%22%3A%22x%22%7D`,
      {
        method: "POST",
        body,
      },
    );
    expect(put).toMatchObject({
      status: 201,
      body: { key: "a b/ü.jpg", width: 80, meta: { alt: "x" } },
    });
    const path = `/-/media/${encodeURI("a b/ü.jpg")}`;
    const url = `${server.url}/w_20/${encodeURI("a b/ü.jpg")}`;
    expect((await fetch(url)).status).toBe(200);
    expect((await call("/-/media?prefix=a%20b/&limit=5")).body.items).toHaveLength(1);
    expect((await call(path)).body).toEqual(put.body);
    const change = JSON.stringify({ focal: { x: 0.25, y: 0.5 }, key: "c/d.jpg" });
    const changed = await call(path, { method: "PATCH", body: change });
    expect(changed).toMatchObject({
      status: 200,
      body: { key: "c/d.jpg", focal: { x: 0.25, y: 0.5 } },
    });
    expect((await fetch(url)).status).toBe(404);
    expect((await call(path)).status).toBe(404);
    const deleted = await call("/-/media/c/d.jpg?after=30", { method: "DELETE" });
    expect(deleted.body).toMatchObject({ deleted: ["c/d.jpg"], versions: "none" });
    for (const copy of ["trash/30/c/d.jpg", "w_20/trash/30/c/d.jpg"]) {
      expect((await fetch(`${server.url}/${copy}`)).status).toBe(403);
    }
  });

  it("answers what it refuses as docs/openapi.json says", async () => {
    const post = (query: string, body: NonNullable<RequestInit["body"]>) =>
      call(`/-/media${query}`, { method: "POST", body });
    const statuses = [
      await post("", "<html>"),
      await post("", new Uint8Array()),
      await post("?key=variants/1/a.jpg", await drawUnique()),
      await post("?meta=x", await drawUnique()),
      await post("?key=twice.jpg", await drawUnique()),
      await post("?key=twice.jpg", await drawUnique()),
      await post("?key=twice.jpg&replace", await drawUnique()),
      await call("/-/media?limit=none"),
      await call("/-/media/a.jpg", {
        method: "DELETE",
        body: null,
        headers: { authorization: "Bearer no" },
      }),
      await call("/-/media/none.jpg", { method: "PATCH", body: "{}" }),
      await call("/-/media/none.jpg?after=5", { method: "DELETE" }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([415, 422, 400, 400, 201, 409, 201, 400, 401, 404, 400]);
  });

  it("has all the routes that docs/openapi.json has, and no others", async () => {
    for (const [path, operations] of Object.entries(OPENAPI.paths)) {
      const url = `${server.url}${path.replace("{key}", "a.jpg")}`;
      const { headers } = await fetch(url, { method: "OPTIONS", headers: BACKEND });
      const allowed = (headers.get("allow") ?? "").split(", ").map((name) => name.toLowerCase());
      const own = Object.keys(operations).filter((name) => name !== "parameters");
      expect(allowed.filter((name) => !["head", "options"].includes(name)).toSorted()).toEqual(
        own.toSorted(),
      );
    }
  });

  it("opens to operators, too; and the token for media opens nothing else", async () => {
    expect((await fetch(`${server.url}/-/media`, { headers: OPERATOR })).status).toBe(200);
    const closed = await fetch(`${server.url}/-/media`);
    expect([closed.status, await closed.text()]).toEqual([
      401,
      expect.stringContaining("that of MEDIA_TOKEN"),
    ]);
    expect((await fetch(`${server.url}/-/mediax`, { headers: BACKEND })).status).toBe(401);
    const purge = { method: "DELETE", headers: BACKEND };
    expect((await fetch(`${server.url}/-/variants/a.jpg`, purge)).status).toBe(401);
    expect((await fetch(`${server.url}/-/warm`, { method: "POST", headers: BACKEND })).status).toBe(
      401,
    );
    expect((await fetch(`${server.url}/-/metrics`, { headers: BACKEND })).status).toBe(401);
  });

  it("crops around the focal point, at once and under every instance", async () => {
    // red, green; the middle is where they meet
    const body = new Uint8Array(await drawGrid("RG", 200, 50).png().toBuffer());
    await call("/-/media?key=wide.png", { method: "POST", body });
    expect(await lookAt("wide.png")).toBe("RG");
    const change = JSON.stringify({ focal: { x: 0.9, y: 0.5 } });
    await call("/-/media/wide.png", { method: "PATCH", body: change });
    expect(await lookAt("wide.png")).toBe("GG");
  });

  it("keeps no location of an image, and says so", async () => {
    const located = await drawQuadrants(40, 40)
      .withExif({ IFD3: { GPSLatitudeRef: "N", GPSLatitude: "51/1 30/1 0/1" } })
      .jpeg()
      .toBuffer();
    const put = await call("/-/media?key=located.jpg", {
      method: "POST",
      body: new Uint8Array(located),
    });
    expect(put.body).toMatchObject({ gps: "removed", bytes: located.length });
    const kept = await fetch(`${server.url}/-/media/located.jpg?file`, { headers: BACKEND });
    const bytes = Buffer.from(await kept.arrayBuffer());
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(put.body.sha256);
    expect(bytes.equals(located)).toBe(false);
    const exif = (await sharp(located).metadata()).exif ?? Buffer.alloc(0);
    const latitude = Buffer.from([51, 0, 0, 0, 1, 0, 0, 0, 30, 0, 0, 0]);
    expect([exif.includes(latitude), bytes.includes(latitude)]).toEqual([true, false]);
  });

  it("shows an image at once, though it was missed a moment before", async () => {
    const url = `${server.url}/w_20/soon.jpg`;
    expect((await fetch(url)).status).toBe(404);
    await call("/-/media?key=soon.jpg", { method: "POST", body: await drawUnique() });
    expect((await fetch(url)).status).toBe(200);
  });
});
