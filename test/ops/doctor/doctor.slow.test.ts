import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linesOf, runCli } from "../../support/service/cli.ts";
import type { Answer } from "../../support/s3/script.ts";
import { giveObject, refuse, startScriptedServer } from "../../support/s3/script.ts";
import type { S3Server } from "../../support/s3/server.ts";
import { startS3Server } from "../../support/s3/server.ts";
import { drawPhoto } from "../../support/images.ts";
import { createFolders, startTestServer } from "../../support/service/server.ts";

const SECRET = "do-not-tell-anybody-this-secret";

async function doctor(
  environment: Readonly<Record<string, string>>,
  ...options: readonly string[]
): Promise<{ readonly code: number | null; readonly found: Record<string, string> }> {
  const { code, output, errors } = await runCli(["doctor", "--json", ...options], { environment });
  expect(output + errors).not.toContain(SECRET);
  const found = linesOf(output).map(({ check, status, message, fix }) => [
    check,
    [status, message, fix].filter(Boolean).join(": "),
  ]);
  return { code, found: Object.fromEntries(found) as Record<string, string> };
}

const twentyMinutesOff: Answer = (response, request) => {
  response.setHeader("date", new Date(Date.now() + 20 * 60_000).toUTCString());
  refuse(403, "RequestTimeTooSkewed")(response, request);
};
const page: Answer = (response, { method }) => {
  response.writeHead(200, { "content-type": "text/html" });
  response.end(method === "HEAD" ? undefined : "<title>Log in</title><p>first<br>");
};

/** Characters that colour a terminal, or clear it. */
const obeyed: Answer = (response) => {
  response.writeHead(400, { "content-type": "application/xml" });
  response.end("<Error><Code>Odd&#27;[2J</Code><Message>a\u001b[31mb&#x9b;1mc</Message></Error>");
};

describe("shift-media doctor", () => {
  it("prints nothing that a terminal would obey, whatever it is answered", async () => {
    const server = await startScriptedServer([obeyed]);
    const { output } = await runCli(["doctor"], {
      environment: {
        AWS_ENDPOINT_URL_S3: server.endpoint,
        AWS_REGION: "auto",
        AWS_ACCESS_KEY_ID: "id",
        AWS_SECRET_ACCESS_KEY: SECRET,
        S3_BUCKET: "originals",
        POLICY: "open",
      },
    });
    await server.stop();
    expect(output).toContain("Odd");
    expect(output.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  });

  let s3: S3Server;

  beforeAll(async () => {
    s3 = await startS3Server();
  });

  afterAll(async () => {
    await s3.stop();
  });

  function twoBuckets(): Readonly<Record<string, string>> {
    return {
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_REGION: s3.region,
      AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
      S3_BUCKET: s3.originalsBucket,
      S3_VARIANTS_BUCKET: s3.variantsBucket,
      POLICY: "open",
    };
  }

  it("finds all well with two buckets of R2", async () => {
    const { code, found } = await doctor({
      ...twoBuckets(),
      PUBLIC_URL: `${s3.publicUrl}/${s3.variantsBucket}`,
    });
    expect([code, Object.entries(found).filter(([, text]) => text.startsWith("fail"))]).toEqual([
      0,
      [],
    ]);
    expect(found["conditional writes"]).toMatch(/^ok/);
    expect(found["public URL"]).toMatch(/^ok/);
  });

  it("examines with the Cache-Control that variants are stored with", async () => {
    const type = { "content-type": "image/png", "cache-control": "no-cache" };
    const cdn = await startScriptedServer([giveObject("no image", type)]);
    const { found } = await doctor({
      ...twoBuckets(),
      PUBLIC_URL: cdn.endpoint,
      CACHE_STORED: "public, max-age=60",
    });
    await cdn.stop();
    expect(found["public headers"]).toContain('was written as "public, max-age=60"');
  });

  it("finds an image in a folder, to ask a service for a variant", async () => {
    const folders = await createFolders({
      "a.txt": Buffer.from("a"),
      "b.png": await drawPhoto(9, 9),
    });
    const here = {
      ORIGINALS_DIR: folders.originals,
      VARIANTS_DIR: folders.variants,
      POLICY: "open",
    };
    const server = await startTestServer(here);
    const { found } = await doctor(here, "--service", server.url);
    expect(found["a variant"]).toMatch(/^ok/);
    await server.stop();
    await folders.remove();
  });

  it("finds folders well, and says which are not", async () => {
    const folders = await createFolders({});
    const here = { ORIGINALS_DIR: folders.originals, VARIANTS_DIR: folders.variants };
    expect((await doctor(here)).code).toBe(0);
    const { code, found } = await doctor({ ...here, ORIGINALS_DIR: `${folders.originals}/no` });
    expect([code, found["folder of originals"]]).toEqual([
      1,
      expect.stringMatching(/^fail: .*it does not exist/),
    ]);
    await folders.remove();
  });

  it("says what is wrong with the configuration", async () => {
    const { code, found } = await doctor({ S3_BUCKET: "media", PORT: "x" });
    expect([code, found["configuration"]]).toEqual([1, expect.stringMatching(/^fail: PORT/)]);
  });

  it.each<[what: string, answer: Answer, check: string, text: RegExp]>([
    ["a clock", twentyMinutesOff, "clock", /^fail: this machine is 20 minutes behind/],
    ["the clock's refusal", twentyMinutesOff, "list media", /^fail: the clock/],
    ["a login page", page, "list media", /^fail: the server at the endpoint is not S3/],
    ["an old token", refuse(400, "ExpiredToken"), "list media", /^fail: the session token/],
    ["a region", refuse(301, "PermanentRedirect"), "list media", /^fail: .*AWS_REGION/],
  ])("names %s", async (_, answer, check, text) => {
    const server = await startScriptedServer([answer]);
    const { code, found } = await doctor({
      AWS_ENDPOINT_URL_S3: server.endpoint,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "AKIDTEST",
      AWS_SECRET_ACCESS_KEY: SECRET,
      S3_BUCKET: "media",
      POLICY: "open",
    });
    expect([code, found[check]]).toEqual([1, expect.stringMatching(text)]);
    await server.stop();
  });
});
