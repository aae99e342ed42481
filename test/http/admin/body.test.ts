import { describe, expect, it } from "vitest";
import { readText } from "../../../src/http/admin/body.ts";

function post(start: (controller: ReadableStreamDefaultController<Uint8Array>) => void): Request {
  const init = { method: "POST", body: new ReadableStream({ start }), duplex: "half" };
  return new Request("http://a/", init as RequestInit); // `duplex` is not in every version of the types
}

describe("readText", () => {
  it("tells who has gone from who sends something else", async () => {
    const cut = post((controller) => {
      controller.enqueue(new Uint8Array([97]));
      setTimeout(() => controller.error(new Error("ECONNRESET")), 5);
    });
    await expect(readText(cut, 10)).rejects.toMatchObject({ code: "aborted" });
    const bytes = post((controller) => {
      controller.enqueue(new Uint8Array([0xff]));
      controller.close();
    });
    await expect(readText(bytes, 10)).rejects.toMatchObject({ code: "invalid_body" });
    const large = post((controller) => controller.enqueue(new Uint8Array(11)));
    await expect(readText(large, 10)).rejects.toMatchObject({ code: "too_large" });
  });
});
