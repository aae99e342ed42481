import { createServer } from "node:http";
import type { RequestListener, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MediaHandler } from "../src/server.ts";
import { createHandler } from "../src/server.ts";
import { decode, drawPhoto } from "./support/images.ts";
import { createFolders } from "./support/service/server.ts";

let media: MediaHandler;
let folders: Awaited<ReturnType<typeof createFolders>>;
const servers: Server[] = [];

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function askAsOperator(token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  const request = new Request("http://localhost/-/variants/a.jpg?dry-run", {
    method: "DELETE",
    headers,
  });
  return (await media.fetch(request)).status;
}

beforeAll(async () => {
  folders = await createFolders({ "a b.jpg": await drawPhoto(300, 200) });
  const environment = {
    ORIGINALS_DIR: folders.originals,
    VARIANTS_DIR: folders.variants,
    BASE_PATH: "/media",
    POOL_SIZE: "1",
    ADMIN_TOKEN: "a-token-of-operators",
  };
  media = await createHandler({ environment });
});

afterAll(async () => {
  for (const server of servers) server.close();
  await media.close();
  await folders.remove();
});

describe("createHandler", () => {
  it("answers a Request with a Response, of any application", async () => {
    const app = new Hono();
    app.get("/", (c) => c.text("the application"));
    app.all("/media/*", (c) => media.fetch(c.req.raw));
    const image = await app.request("http://localhost/media/w_120/a%20b.jpg");
    expect(image.headers.get("content-type")).toBe("image/jpeg");
    expect(await decode(new Uint8Array(await image.arrayBuffer()))).toMatchObject({
      width: 120,
      height: 80,
    });
    expect((await app.request("http://localhost/media/w_0/a.jpg")).status).toBe(400);
    const head = await app.request("http://localhost/media/w_121/a%20b.jpg", { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect(await (await app.request("/")).text()).toBe("the application");
  });

  it("answers as middleware, and leaves other paths to the application", async () => {
    const url = await listen((request, response) =>
      media.middleware(request, response, () => response.end("the application")),
    );
    const image = await fetch(`${url}/media/w_130/a%20b.jpg`);
    expect(await decode(new Uint8Array(await image.arrayBuffer()))).toMatchObject({
      width: 130,
      height: 87,
    });
    expect(await (await fetch(`${url}/mediation`)).text()).toBe("the application");
    expect((await fetch(`${url}/media/w_130/gone.jpg`)).status).toBe(404);
  });

  it("keeps the routes of operators for those who have the token", async () => {
    expect([await askAsOperator("wrong"), await askAsOperator("a-token-of-operators")]).toEqual([
      401, 200,
    ]);
  });

  it("says which variables are wrong, and that a store is not there", async () => {
    await expect(createHandler({ environment: { PORT: "x" } })).rejects.toThrow("PORT must be");
    const missing = { ORIGINALS_DIR: `${folders.originals}/no`, VARIANTS_DIR: folders.variants };
    await expect(createHandler({ environment: missing })).rejects.toThrow("does not exist");
  });
});
