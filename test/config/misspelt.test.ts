import { describe, expect, it } from "vitest";
import { listMisspelt } from "../../src/config/misspelt.ts";

describe("listMisspelt", () => {
  it.each([
    ["S3_BUKCET", "S3_BUCKET"],
    ["POOL_SIZ", "POOL_SIZE"],
    ["SIGNING_SECRET", "SIGNING_SECRETS"],
    ["S3_ENDPOINT", "AWS_ENDPOINT_URL_S3"],
  ])("says that %s may have been meant to be %s", (name, meant) => {
    expect(listMisspelt({ [name]: "x" })).toEqual([`${name} is not read, did you mean ${meant}?`]);
  });

  it("is silent about variables that are right, or of others", () => {
    const others = {
      PATH: "/bin",
      HOSTS: "a",
      PORTS: "1",
      AWS_REGION: "eu-west-1",
      TERM_PROGRAM: "x",
    };
    expect(listMisspelt({ S3_BUCKET: "a", SIGNING_SECRETS: "b", ...others })).toEqual([]);
  });
});
