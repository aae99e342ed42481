import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSigner } from "../../src/sign.ts";
import { createVerify } from "../../src/url/signature.ts";

const SECRET = "a-secret-of-some-length";
const OTHER = "0123456789abcdef";
const verify = createVerify([OTHER, SECRET]);
const text = "w_300,exp_1893456000/photos/ü b.jpg";
const signature = createHmac("sha256", SECRET).update(text).digest("base64url");

describe("createVerify", () => {
  it("takes what three lines of any language give, whole or cut", async () => {
    expect(signature).toHaveLength(43);
    expect(await verify(signature, text)).toBe(true);
    expect(await verify(signature.slice(0, 30), text)).toBe(true);
    expect(await verify(signature.slice(0, 22), text)).toBe(true);
  });

  it("takes those of every secret", async () => {
    const older = createHmac("sha256", OTHER).update(text).digest("base64url");
    expect(await verify(older, text)).toBe(true);
    expect(await createVerify([SECRET])(older, text)).toBe(false);
  });

  it.each([
    ["that is too short", signature.slice(0, 21)],
    ["that is empty", ""],
    ["with padding", `${signature}=`],
    ["in the other alphabet", `${"+/".repeat(20)}abc`],
    ["that goes on", `${signature}A`],
    [
      "with another first character",
      `${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`,
    ],
    [
      "with another last character",
      `${signature.slice(0, 21)}${signature[21] === "A" ? "B" : "A"}`,
    ],
    ["in hex", createHmac("sha256", SECRET).update(text).digest("hex").slice(0, 43)],
  ])("refuses one %s", async (_, given) => {
    expect(await verify(given, text)).toBe(false);
  });

  it.each([
    ["another key", "w_300,exp_1893456000/photos/ü b.png"],
    ["another spec", "w_301,exp_1893456000/photos/ü b.jpg"],
    ["another order", "exp_1893456000,w_300/photos/ü b.jpg"],
    ["a slash before it", `/${text}`],
    ["an encoded path", encodeURI(text)],
  ])("refuses one of %s", async (_, other) => {
    expect(await verify(signature, other)).toBe(false);
  });

  it("agrees with the signer for any text", async () => {
    const sign = createSigner(SECRET);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme" }), async (any) => {
        expect(await verify(sign(any), any)).toBe(true);
        expect(await verify(sign(`${any}x`), any)).toBe(false);
      }),
    );
  });
});

describe("createSigner", () => {
  it("signs with the first secret of a list", () => {
    expect(createSigner(`${SECRET}, ${OTHER}`)(text)).toBe(signature);
  });

  it.each([undefined, "", "fifteen bytes.."])("refuses the secret %j", (secret) => {
    expect(() => createSigner(secret)).toThrow("at least 16 bytes");
  });
});
