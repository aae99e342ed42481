import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StoreFault } from "../../../src/store/s3/diagnose.ts";
import { drawQuadrants } from "../../support/images.ts";
import type { FaultyS3 } from "../../support/s3/proxy.ts";
import { startFaultyS3 } from "../../support/s3/proxy.ts";
import type { Answer } from "../../support/s3/script.ts";
import { refuse, resetting } from "../../support/s3/script.ts";
import type { TestServer } from "../../support/service/server.ts";
import { startTestServer } from "../../support/service/server.ts";

/** As S3 does: the reason is in the body, which a HEAD has none of. */
function deny(status: number, code: string): Answer {
  return (response, request) => {
    if (request.method === "HEAD") response.writeHead(status).end();
    else refuse(status, code)(response, request);
  };
}

function page(status: number): Answer {
  return (response, { method }) => {
    response.writeHead(status, { "content-type": "text/html", location: "http://login.example/" });
    response.end(method === "HEAD" ? undefined : "<title>Log in</title><p>first<br>");
  };
}

describe("a running service whose store goes wrong", () => {
  let s3: FaultyS3;
  let server: TestServer;

  beforeAll(async () => {
    s3 = await startFaultyS3();
    const image = await drawQuadrants(60, 40).png().toBuffer();
    for (let index = 0; index < 10; index += 1) await s3.putOriginal(`${index}.png`, image);
    server = await startTestServer({
      S3_BUCKET: s3.originalsBucket,
      S3_VARIANTS_BUCKET: s3.variantsBucket,
      POLICY: "open",
      POOL_SIZE: "1",
    });
  });

  afterAll(async () => {
    await server.stop();
    await s3.stop();
  });

  it.each<[what: string, answer: Answer, says: RegExp]>([
    ["an unknown key", deny(403, "InvalidAccessKeyId"), /does not know the access key/],
    ["a wrong secret", deny(403, "SignatureDoesNotMatch"), /refuses the signature/],
    ["an old token", deny(400, "ExpiredToken"), /token has expired/],
    ["another region", deny(301, "PermanentRedirect"), /AWS_REGION/],
    ["a missing bucket", deny(404, "NoSuchBucket"), /no such bucket/],
    ["no rights", deny(403, "AccessDenied"), /refuses access/],
    ["a clock", deny(403, "RequestTimeTooSkewed"), /clock of this machine/],
    ["a login page", page(200), /is not S3/],
    ["a way to a login page", page(302), /is not S3/],
    ["resets", resetting, /no connection/],
  ])("answers 502 and logs which it is: %s", async (what, answer, says) => {
    const index = server.log.length;
    s3.fail(/./, { answer });
    const path = `/w_30/${what.length % 10}.png?${index}`;
    const response = await fetch(server.url + path, { redirect: "manual" });
    s3.heal();
    expect(response.status).toBe(502);
    expect(await response.text()).not.toMatch(says);
    const causes = server.log.slice(index).map(({ fields }) => fields["error"] as StoreFault);
    expect(causes.filter(Boolean).map(({ message }) => message)).toEqual([
      expect.stringMatching(says),
    ]);
  });
});
