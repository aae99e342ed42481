import { describe, expect, it } from "vitest";
import { OBJECT, script, TEXT } from "../../support/s3/scripted-store.ts";

describe("keys on the wire", () => {
  it.each([
    ["a b", "a%20b"],
    ["a+b", "a%2Bb"],
    ["a%41", "a%2541"],
    ["a/b//c", "a/b//c"],
    ["!'()*", "%21%27%28%29%2A"],
    ["w_300,h_2:1=@&;$", "w_300%2Ch_2%3A1%3D%40%26%3B%24"],
    ["~-._", "~-._"],
    ["#?", "%23%3F"],
    ['<">\\^`{|}', "%3C%22%3E%5C%5E%60%7B%7C%7D"],
    ["\u00FC", "%C3%BC"],
    ["u\u0308", "u%CC%88"],
    ["🦊", "%F0%9F%A6%8A"],
  ])("%j is %s", async (key, encoded) => {
    const { store, get, server } = await script([OBJECT]);
    await get(key);
    await store.head(key);
    await store.put(key, Buffer.from("x"), TEXT);
    const paths = server.requests.map(({ url }) => url.split("?")[0]);
    expect(paths).toEqual(Array(3).fill(`/media/${encoded}`));
  });
});
