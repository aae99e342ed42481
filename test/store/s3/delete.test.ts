import { describe, expect, it } from "vitest";
import { giveObject, refuse } from "../../support/s3/script.ts";
import { script } from "../../support/s3/scripted-store.ts";

describe("delete", () => {
  const DELETED = giveObject("<DeleteResult></DeleteResult>");

  it("asks for what is answered in time", async () => {
    const { store, server } = await script([DELETED]);
    await store.delete(Array.from({ length: 2001 }, (_, index) => `k${index}`));
    const batches = server.requests.map(({ body }) => body.toString().split("<Key>").length - 1);
    expect(batches).toEqual([...Array.from({ length: 8 }, () => 250), 1]);
  });

  it("asks for nothing when there is nothing to delete", async () => {
    const { store, server } = await script([DELETED]);
    await store.delete([]);
    expect(server.requests).toEqual([]);
  });

  const ONE_REFUSED = giveObject(
    "<DeleteResult><Error><Key>b</Key><Code>AccessDenied</Code></Error></DeleteResult>",
  );

  it("fails when one of the objects could not be deleted, by itself neither", async () => {
    const { store, server } = await script([ONE_REFUSED, refuse(403, "AccessDenied")]);
    await expect(store.delete(["a", "b"])).rejects.toMatchObject({ code: "store_failed" });
    expect(server.requests.at(-1)).toMatchObject({ method: "DELETE" });
  });

  it("deletes by itself what was refused among others", async () => {
    const { store, server } = await script([ONE_REFUSED, DELETED]);
    await store.delete(["a", "b"]);
    const [, single, ...more] = server.requests;
    expect([single?.method, single?.url.split("?")[0], more]).toEqual(["DELETE", "/media/b", []]);
  });

  it("names a key with spaces at its ends in the URL, where no store trims it", async () => {
    const { store, server } = await script([DELETED]);
    await store.delete(["a", " b ", "c"]);
    const seen = server.requests.map(({ method, url }) => `${method} ${url.split("?")[0]}`);
    expect(seen.toSorted()).toEqual(["DELETE /media/%20b%20", expect.stringMatching(/^POST /)]);
    const batch = server.requests.find(({ method }) => method === "POST")?.body.toString();
    expect(batch?.match(/<Key>[^<]*/g)).toEqual(["<Key>a", "<Key>c"]);
  });
});
