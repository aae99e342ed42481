import { Readable } from "node:stream";
import { S3Client } from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { RetryBudget } from "../../../src/async/retry-budget.ts";
import { BucketConnection } from "../../../src/store/s3/connection.ts";
import type { Answer } from "../../support/s3/script.ts";
import {
  giveObject,
  giveStatus,
  refuse,
  resetting,
  startScriptedServer,
} from "../../support/s3/script.ts";
import { FOUND, OBJECT, script, STORE_FAILED } from "../../support/s3/scripted-store.ts";

/** The region and the date that a request was signed for. */
function readSignature(headers: Readonly<Record<string, string | string[] | undefined>>): {
  readonly region: string | undefined;
  readonly date: number;
  readonly keyId: string | undefined;
} {
  const [, keyId, region] =
    /Credential=([^/]+)\/\d+\/([^/]+)\//.exec(String(headers["authorization"])) ?? [];
  const digits = String(headers["x-amz-date"]);
  const iso = digits.replace(/(....)(..)(..)T(..)(..)(..)Z/, "$1-$2-$3T$4:$5:$6Z");
  return { region, keyId, date: Date.parse(iso) };
}

function answerBy(choose: (signature: ReturnType<typeof readSignature>) => Answer): Answer {
  return (response, request) => choose(readSignature(request.headers))(response, request);
}

const moved: Answer = (response) => {
  response.writeHead(301, { "x-amz-bucket-region": "eu-west-3", "content-length": 0 }).end();
};

describe("a bucket in another region than AWS_REGION", () => {
  it.each<[what: string, answer: Answer]>([
    ["a redirect", moved],
    ["a body", refuse(400, "AuthorizationHeaderMalformed", "<Region>eu-west-3</Region>")],
  ])("is found by %s, and is asked there from then on", async (_, answer) => {
    const { get, server } = await script([answer, OBJECT]);
    expect(await get()).toMatchObject(FOUND);
    expect(await get()).toMatchObject(FOUND);
    const regions = server.requests.map(({ headers }) => readSignature(headers).region);
    expect(regions).toEqual(["us-east-1", "eu-west-3", "eu-west-3"]);
  });

  it("is found by all calls that were under way", async () => {
    const { get } = await script([
      answerBy((signature) => (signature.region === "eu-west-3" ? OBJECT : moved)),
    ]);
    const results = await Promise.all([get("a"), get("b"), get("c")]);
    for (const result of results) expect(result).toMatchObject(FOUND);
  });

  it.each(["../", "evil.example", "a".repeat(64), "x@y", "-a-", ""])(
    "is not looked for where no region is: %j",
    async (region) => {
      const { get, server } = await script([
        giveStatus(301, { "x-amz-bucket-region": region }),
        OBJECT,
      ]);
      await expect(get()).rejects.toMatchObject(STORE_FAILED);
      expect(await get()).toMatchObject(FOUND);
      expect(server.requests).toHaveLength(2);
    },
  );

  it("is forgotten if nothing has its name", async () => {
    const hosts: string[] = [];
    const handle = ({ hostname }: { readonly hostname: string }): Promise<unknown> => {
      hosts.push(hostname);
      if (hostname.includes("nowhere")) {
        return Promise.reject(Object.assign(new Error("no such host"), { code: "ENOTFOUND" }));
      }
      const headers = { "x-amz-bucket-region": "nowhere-1" };
      return Promise.resolve({ response: { statusCode: 301, headers, body: Readable.from([]) } });
    };
    const client = new S3Client({
      region: "us-east-1",
      credentials: { accessKeyId: "a", secretAccessKey: "s" },
      requestHandler: { handle },
    });
    const connection = new BucketConnection(client, "media");
    const send = (): Promise<unknown> =>
      connection.send({ method: "GET", key: "a" }, AbortSignal.timeout(5000));
    await expect(send()).rejects.toThrow("no such host");
    await expect(send()).rejects.toThrow("no such host");
    const [own, other] = ["media.s3.us-east-1.amazonaws.com", "media.s3.nowhere-1.amazonaws.com"];
    expect(hosts).toEqual([own, other, own, other]);
  });

  it("is not followed in a circle", async () => {
    const { get, server } = await script([moved, moved, OBJECT]);
    await expect(get()).rejects.toMatchObject(STORE_FAILED);
    expect(server.requests).toHaveLength(2);
  });
});

describe("a clock that differs from the store's", () => {
  it("is corrected by the date of the answer", async () => {
    const hourAhead = Date.now() + 3_600_000;
    const skewed: Answer = (response) => {
      response.writeHead(403, { date: new Date(hourAhead).toUTCString(), "content-length": 0 });
      response.end();
    };
    const { store, server } = await script([skewed, OBJECT]);
    expect(await store.head("key")).toMatchObject({ etag: '"e"' });
    const [first = 0, second = 0] = server.requests.map(
      ({ headers }) => readSignature(headers).date,
    );
    expect(Math.abs(second - first - 3_600_000)).toBeLessThan(60_000);
  });

  it("is corrected for all calls that were under way", async () => {
    const hourAhead = Date.now() + 3_600_000;
    const skewed = giveStatus(403, { date: new Date(hourAhead).toUTCString() });
    const { get } = await script([
      answerBy(({ date }) => (Math.abs(date - hourAhead) < 60_000 ? OBJECT : skewed)),
    ]);
    const results = await Promise.all([get("a"), get("b"), get("c")]);
    for (const result of results) expect(result).toMatchObject(FOUND);
  });

  it("is not corrected by a date that cannot be", async () => {
    const last = new Date(8.64e15).toUTCString();
    const { get, server } = await script([giveStatus(403, { date: last }), OBJECT]);
    await expect(get()).rejects.toMatchObject(STORE_FAILED);
    expect(await get()).toMatchObject(FOUND);
    expect(server.requests).toHaveLength(2);
  });

  it("is not blamed for a 403 of the right time", async () => {
    const { get, server } = await script([refuse(403, "AccessDenied"), OBJECT]);
    await expect(get()).rejects.toMatchObject(STORE_FAILED);
    expect(server.requests).toHaveLength(1);
  });
});

describe("credentials that have expired", () => {
  it("are asked for anew once, and all requests are repeated with them", async () => {
    const expired = refuse(400, "ExpiredToken");
    const { endpoint, stop } = await startScriptedServer([
      answerBy(({ keyId }) => (keyId === "key-2" ? giveStatus(200, { etag: '"e"' }) : expired)),
    ]);
    let given = 0;
    const credentials = async ({ forceRefresh = false } = {}): Promise<{
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
      readonly sessionToken: string;
      readonly expiration: Date;
    }> => {
      if (given === 0 || forceRefresh) given += 1;
      return {
        accessKeyId: `key-${given}`,
        secretAccessKey: "s",
        sessionToken: `${given}`,
        expiration: new Date(Date.now() + 3_600_000),
      };
    };
    const client = new S3Client({
      endpoint,
      credentials,
      forcePathStyle: true,
      region: "us-east-1",
    });
    const connection = new BucketConnection(client, "media");
    const send = (key: string): Promise<{ readonly body: Readable }> =>
      connection.send({ method: "GET", key }, AbortSignal.timeout(5000));
    const answers = await Promise.all(["a", "b", "c"].map(send));
    for (const { body } of answers) body.resume();
    expect(given).toBe(2);
    client.destroy();
    await stop();
  });
});

describe("retries", () => {
  it("are a tenth of all calls, once those that were saved are spent", () => {
    const budget = new RetryBudget();
    let retries = 0;
    for (let call = 0; call < 1000; call += 1) {
      budget.earn();
      if (budget.spend()) retries += 1;
    }
    expect(retries).toBeGreaterThanOrEqual(100);
    expect(retries).toBeLessThanOrEqual(130);
  });

  it("cost nothing where they succeed", async () => {
    const answers = Array.from({ length: 100 }, (_, at) => (at % 2 ? OBJECT : resetting));
    const { get } = await script(answers, 5000);
    for (let call = 0; call < 50; call += 1) expect(await get()).toMatchObject(FOUND);
  });

  it("end while a store goes on failing", async () => {
    const { get, server } = await script([refuse(500, "InternalError")], 5000);
    const calls = Array.from({ length: 60 }, () => get());
    for (const call of await Promise.allSettled(calls)) expect(call.status).toBe("rejected");
    expect(server.requests.length).toBeLessThan(60 + 30);
  });
});

/** Of "123456789", as the definitions of the checksums give it. */
const CHECK_VALUES: Readonly<Record<string, string>> = {
  crc32: "cbf43926",
  crc32c: "e3069283",
  crc64nvme: "ae8b14860a799888",
  sha1: "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
  sha256: "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
};

describe("the checksum of an object", () => {
  const names = Object.keys(CHECK_VALUES);
  const right = giveObject("123456789");

  function give(name: string, text: string): Answer {
    const digest = Buffer.from(CHECK_VALUES[name] ?? "", "hex").toString("base64");
    return giveObject(text, { [`x-amz-checksum-${name}`]: digest });
  }

  it.each(names)("is asked for, and accepted where it is right: %s", async (name) => {
    const { get, server } = await script([give(name, "123456789")]);
    expect(await get()).toMatchObject({ kind: "found" });
    expect(server.requests[0]?.headers["x-amz-checksum-mode"]).toBe("ENABLED");
  });

  it.each(names)("has a body that differs asked for once more: %s", async (name) => {
    const { get, server } = await script([give(name, "123456780"), right]);
    expect(await get()).toMatchObject({ bytes: Buffer.from("123456789") });
    expect(server.requests).toHaveLength(2);
  });

  it("fails a body that differs twice", async () => {
    const { get } = await script([give("crc32", "123456780")]);
    await expect(get()).rejects.toMatchObject(STORE_FAILED);
  });

  it("is left alone where it is empty", async () => {
    const { get } = await script([giveObject("hello", { "x-amz-checksum-sha256": "" })]);
    expect(await get()).toMatchObject(FOUND);
  });

  it("is left alone where it is one of parts", async () => {
    const { get } = await script([giveObject("hello", { "x-amz-checksum-crc32": "AAAAAA==-3" })]);
    expect(await get()).toMatchObject(FOUND);
  });
});

describe("an answer that does not fit its call", () => {
  const unchanged = giveStatus(304, { etag: '"e"' });

  it("is a 304 to a call without a condition for one", async () => {
    const { store, put } = await script([unchanged]);
    await expect(store.head("key")).rejects.toMatchObject(STORE_FAILED);
    await expect(put({ condition: "absent" })).rejects.toMatchObject(STORE_FAILED);
  });

  it("is an error whose body does not end in time", async () => {
    const { put } = await script(
      [
        (response) => {
          response.writeHead(403);
          const timer = setInterval(() => response.write("."), 20);
          response.on("close", () => clearInterval(timer));
        },
      ],
      300,
    );
    await expect(put()).rejects.toMatchObject({ code: "timeout" });
  });
});
