import { HeadBucketCommand } from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { MediaError } from "../../../src/errors.ts";
import { createS3Client } from "../../../src/store/s3/client.ts";
import { diagnose } from "../../../src/store/s3/diagnose.ts";
import type { StoreProblem } from "../../../src/store/s3/problems.ts";
import type { Answer } from "../../support/s3/script.ts";
import { refuse, resetting, stayingSilent } from "../../support/s3/script.ts";
import { ACCESS_KEY_ID, connect, script, SECRET } from "../../support/s3/scripted-store.ts";

function page(status: number): Answer {
  return (response, { method }) => {
    response.writeHead(status, { "content-type": "text/html", location: "http://login.example/" });
    response.end(
      method === "HEAD" ? undefined : "<!doctype html><title>Log in</title><p>first<br>",
    );
  };
}

function inRegion(status: number, code: string, field: string): Answer {
  return (response) => {
    response.writeHead(status, { "content-type": "application/xml" });
    response.end(`<Error><Code>${code}</Code><Message>no</Message>${field}</Error>`);
  };
}

const REGION_HEADER: Answer = (response) => {
  response.writeHead(301, { "x-amz-bucket-region": "eu-west-1" }).end();
};

const FAULTS: readonly (readonly [what: string, StoreProblem, Answer, message: RegExp])[] = [
  [
    "an unknown key",
    "unknown_key",
    refuse(403, "InvalidAccessKeyId"),
    /does not know the access key/,
  ],
  ["a wrong secret", "wrong_secret", refuse(403, "SignatureDoesNotMatch"), /AWS_SECRET_ACCESS_KEY/],
  ["an old token", "expired_token", refuse(400, "ExpiredToken"), /token has expired/],
  ["another region", "wrong_region", REGION_HEADER, /AWS_REGION=eu-west-1/],
  [
    "a region in the body",
    "wrong_region",
    inRegion(400, "AuthorizationHeaderMalformed", "<Region>eu-central-1</Region>"),
    /AWS_REGION=eu-central-1/,
  ],
  ["a clock that is off", "wrong_clock", refuse(403, "RequestTimeTooSkewed"), /clock/],
  ["a missing bucket", "no_bucket", refuse(404, "NoSuchBucket"), /no such bucket/],
  [
    "a name of no bucket",
    "bad_bucket",
    refuse(400, "InvalidBucketName"),
    /3 to 63 lower-case letters/,
  ],
  ["no right", "denied", refuse(403, "AccessDenied"), /refuses access/],
  ["a login page", "not_s3", page(200), /is not S3/],
  ["a redirect to a login page", "not_s3", page(302), /is not S3.*302/],
  ["a forbidding page", "not_s3", page(403), /is not S3/],
  ["an unknown method", "unsupported", refuse(501, "NotImplemented"), /does not support this/],
  ["a failing store", "failing", refuse(500, "InternalError"), /failing or overloaded/],
  ["a reset", "no_connection", resetting, /no connection.*ECONNRESET/],
  ["silence", "slow", stayingSilent, /STORE_TIMEOUT_MS/],
];

/** A HEAD has no body, and a missing bucket is for it as a missing key. */
const HEADLESS: ReadonlySet<StoreProblem> = new Set([
  "no_bucket",
  "bad_bucket",
  "unsupported",
  "failing",
]);

async function failureOf(call: Promise<unknown>): Promise<MediaError> {
  const error: unknown = await call.catch((reason: unknown) => reason);
  if (error instanceof MediaError) return error;
  throw new Error("it did not fail as it should");
}

describe("a fault of the store", () => {
  it.each(FAULTS)("is named in the cause of every call that it fails: %s", async (...fault) => {
    const [, problem, answer, message] = fault;
    const { store, get, put } = await script([answer], problem === "slow" ? 400 : 5000);
    const calls = [
      get(),
      put(),
      store.list({ prefix: "" }),
      ...(HEADLESS.has(problem) ? [] : [store.head("key")]),
    ];
    for (const error of await Promise.all(calls.map(failureOf))) {
      expect(error.code).toBe(problem === "slow" ? "timeout" : "store_failed");
      expect(error.message).not.toMatch(message); // that is for the log alone
      expect(error.cause).toMatchObject({
        problem,
        message: expect.stringMatching(message) as string,
      });
    }
  });

  it.each<[endpoint: string, problem: StoreProblem]>([
    ["http://127.0.0.1:1", "no_connection"],
    ["http://no-such-host.invalid", "no_name"],
  ])("is named where nothing answers: %s", async (endpoint, problem) => {
    const { cause } = await failureOf(connect(endpoint).head("key"));
    expect(cause).toMatchObject({ problem });
  });

  it("is named when there are no credentials, or TLS meets none", async () => {
    const { server } = await script([refuse(403, "AccessDenied")]);
    const noCredentials = new Error("Could not load credentials from any providers");
    noCredentials.name = "CredentialsProviderError";
    expect(diagnose(noCredentials)).toMatchObject({ problem: "no_credentials" });
    const noRegion = new Error('Region not accepted: region="" is not a valid hostname component.');
    expect(diagnose(noRegion)).toMatchObject({ problem: "wrong_region" });
    const client = createS3Client({
      forcePathStyle: true,
      endpoint: server.endpoint.replace("http:", "https:"),
      region: "us-east-1",
      credentials: { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET },
    });
    const error: unknown = await client
      .send(new HeadBucketCommand({ Bucket: "media" }))
      .catch((reason: unknown) => reason);
    expect(diagnose(error)).toMatchObject({ problem: "no_trust" });
    client.destroy();
  });

  it("is named whatever was thrown", () => {
    expect(diagnose(new Error("UnknownError")).remedy).toMatch(/its own log/);
    for (const thrown of [undefined, "text", 7, new Error(""), { name: "AccessDenied" }]) {
      const { message, remedy } = diagnose(thrown);
      expect([typeof message, typeof remedy]).toEqual(["string", "string"]);
    }
  });
});
