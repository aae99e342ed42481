import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { decode, drawPhoto } from "../../support/images.ts";
import type { Fault } from "../../support/s3/proxy.ts";
import {
  breakingOff,
  dribbling,
  giveObject,
  givingNoLength,
  refuse,
  resetting,
  stalling,
  stayingSilent,
} from "../../support/s3/script.ts";
import type { Answer } from "../../support/s3/script.ts";
import type { Service } from "../../support/service/faulty-service.ts";
import { setUpFaults } from "../../support/service/faulty-service.ts";

const { s3, start } = setUpFaults(async () => {
  const photo = await drawPhoto(300, 200);
  return Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`${index}.jpg`, photo]));
});

/** A page where an object should be, as captive portals and wrong endpoints give it. */
const page: Answer = (response, { method }) => {
  const body = "<!doctype html><title>welcome</title>";
  response.writeHead(200, { "content-type": "text/html", "content-length": body.length });
  response.end(method === "HEAD" ? undefined : body);
};

const slowDown = refuse(503, "SlowDown");
const internal = refuse(500, "InternalError");

/** Each on its own key, side by side: most of their time is spent waiting. */
let used = 0;
function nextKey(): string {
  used += 1;
  return `${used - 1}.jpg`;
}

interface Outcome {
  readonly status: number;
  readonly code?: string;
}

async function askOnce(service: Service, path: string): Promise<Outcome> {
  const { status, bytes, headers } = await service.get(path);
  const isError = headers.get("content-type")?.includes("json") === true;
  const { code } = isError ? JSON.parse(bytes.toString()) : {};
  return { status, ...(code && { code }) };
}

/** The outcome of a request while the store has this fault. */
async function suffer(service: Service, call: string, fault: Fault): Promise<Outcome> {
  const key = nextKey();
  const pattern = new RegExp(`^${call}.*[/]${key.replace(".", "[.]")}`);
  s3().fail(pattern, fault);
  return askOnce(service, `/w_50/${key}`);
}

const FAILED = { status: 502, code: "store_failed" };
const TIMEOUT = { status: 504, code: "timeout" };

describe("a store that fails while a variant is made", () => {
  it.each<[call: string, what: string, answer: Answer, outcome: Outcome]>([
    ["HEAD variants", "resets", resetting, FAILED],
    ["HEAD variants", "SlowDown", slowDown, FAILED],
    ["HEAD variants", "an internal error", internal, FAILED],
    ["HEAD originals", "resets", resetting, FAILED],
    ["HEAD originals", "SlowDown", slowDown, FAILED],
    ["GET originals", "resets", resetting, FAILED],
    ["GET originals", "a short body", breakingOff, FAILED],
    ["GET originals", "a body without a length", givingNoLength, FAILED],
    ["GET originals", "SlowDown", slowDown, FAILED],
    ["GET originals", "an internal error", internal, FAILED],
    ["GET originals", "a page", page, FAILED],
    ["GET originals", "no bytes, as if there were none", giveObject(""), FAILED],
    ["GET originals", "an object that is none of its versions", giveObject("other"), FAILED],
    ["HEAD originals", "a page", page, FAILED],
    ["HEAD variants", "a page", page, FAILED],
  ])("with a %s: %s", async (call, _, answer, outcome) => {
    const service = await start();
    expect(await suffer(service, call, { answer })).toEqual(outcome);
    const path = `/w_50/${used - 1}.jpg`;
    expect(s3().count(new RegExp(`PUT .*/${used - 1}[.]jpg`))).toBe(0);
    s3().heal();
    const { status, bytes } = await service.get(path);
    expect(status).toBe(200);
    expect((await decode(bytes)).width).toBe(50);
  });

  it.each<[call: string, what: string, answer: Answer]>([
    ["HEAD variants", "reset", resetting],
    ["HEAD originals", "SlowDown", slowDown],
    ["GET originals", "short body", breakingOff],
    ["GET originals", "reset", resetting],
  ])("is forgiven one %s: %s", async (call, _, answer) => {
    const service = await start();
    expect(await suffer(service, call, { answer, times: 1 })).toEqual({ status: 200 });
    await service.idle();
    expect(await service.metric("write_failures_total")).toBe(0);
    expect((await service.get(`/w_50/${used - 1}.jpg`)).status).toBe(200);
    expect(await service.metric("misses_total")).toBe(1);
  });

  it("slowly is given up by the time-out of its calls, whatever call it is", async () => {
    const service = await start({ REQUEST_TIMEOUT_MS: "120000" }); // longer than the test may take
    const faults: readonly (readonly [call: string, answer: Answer])[] = [
      ["HEAD variants", stayingSilent],
      ["HEAD originals", stayingSilent],
      ["GET originals", stayingSilent],
      ["GET originals", stalling],
      ["GET originals", dribbling],
    ];
    const from = used;
    const outcomes = faults.map(([call, answer]) => suffer(service, call, { answer }));
    expect(await Promise.all(outcomes)).toEqual(faults.map(() => TIMEOUT));
    s3().heal();
    for (const index of faults.keys()) {
      expect(s3().count(new RegExp(`PUT .*/${from + index}[.]jpg`))).toBe(0);
      expect((await service.get(`/w_50/${from + index}.jpg`)).status).toBe(200);
    }
  });

  it("is asked once for all who wait, and its failure is not remembered", async () => {
    const service = await start();
    const key = nextKey();
    // so late that all of them are there
    const late = { before: () => sleep(500), answer: internal };
    s3().fail(new RegExp(`GET originals/${key}`), late);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => service.get(`/w_50/${key}`)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([502]));
    expect(answers[0]?.headers.get("cache-control")).toBe("no-store");
    expect(s3().count(new RegExp(`GET originals/${key}`))).toBe(2); // the client's own retry
    s3().heal();
    expect((await service.get(`/w_50/${key}`)).status).toBe(200);
  });
});
