import { describe, expect, it } from "vitest";
import { createReceiver } from "../../src/events/receive.ts";
import { createSnsReader } from "../../src/events/sns.ts";
import type { MediaEvent } from "../../src/media/observe.ts";
import type { Fields } from "../support/programs/sns.ts";
import { createDeferred } from "../support/deferred.ts";
import { createTopic, TOPIC } from "../support/programs/sns.ts";

const topic = createTopic();
const HOUR = 60 * 60 * 1000;

function createReader(certificate = topic.certificate, topics = [TOPIC]) {
  const fetched: string[] = [];
  const read = createSnsReader({
    topics: new Set(topics),
    fetchCertificate: async (url) => {
      fetched.push(url);
      return certificate;
    },
    now: () => Date.now(),
  });
  return { fetched, read: (fields: unknown) => read(JSON.stringify(fields)) };
}

describe("createSnsReader", () => {
  it.each([
    ["SHA-1", topic.notification("hello")],
    ["SHA-256", topic.notification("hello", { SignatureVersion: "2" })],
    ["a subject", topic.notification("a\nb\u00e9", { Subject: "Amazon S3 Notification" })],
    ["a subscription", topic.confirmation()],
    ["a subscription, by SHA-256", topic.confirmation({ SignatureVersion: "2" })],
  ])("believes what is signed with %s", async (_, message) => {
    expect(await createReader().read(message)).toMatchObject({ Message: message["Message"] });
  });

  it.each(["Message", "MessageId", "Timestamp", "Subject", "Type"])(
    "refuses what was changed in its %s",
    async (field) => {
      const message = topic.notification("hello", { Subject: "s" });
      const changes: Fields = { Timestamp: new Date(Date.now() - 1000).toISOString() };
      const changed = { ...topic.confirmation(), ...message, [field]: changes[field] ?? "other" };
      if (field === "Type") changed["Type"] = "SubscriptionConfirmation";
      await expect(createReader().read(changed)).rejects.toMatchObject({
        code: "invalid_signature",
      });
    },
  );

  it.each(["Message", "Token", "SubscribeURL", "Timestamp", "MessageId"])(
    "refuses a subscription that was changed in its %s",
    async (field) => {
      const { [field]: value = "" } = topic.confirmation();
      const later = new Date(Date.now() - 5000).toISOString();
      const changed = {
        ...topic.confirmation(),
        [field]: field === "Timestamp" ? later : `${value}1`,
      };
      await expect(createReader().read(changed)).rejects.toMatchObject({
        code: "invalid_signature",
      });
    },
  );

  it("refuses another key, another algorithm, and no certificate", async () => {
    const message = topic.notification("hello");
    for (const [certificate, tried] of [
      [createTopic().certificate, message],
      [topic.certificate, { ...message, SignatureVersion: "2" }],
      ["<html>", message],
      [topic.certificate, { ...message, Signature: "AAAA" }],
    ] as const) {
      await expect(createReader(certificate).read(tried)).rejects.toMatchObject({
        code: "invalid_signature",
      });
    }
  });

  it.each([
    "http://sns.eu-central-1.amazonaws.com/SimpleNotificationService-f3ecfb7224.pem",
    "https://sns.eu-central-1.amazonaws.com.evil.example/SimpleNotificationService-f3ecfb7224.pem",
    "https://evil.example/SimpleNotificationService-f3ecfb7224.pem",
    "https://sns.eu-central-1.amazonaws.com@evil.example/SimpleNotificationService-f3ecfb7224.pem",
    "https://sns.eu-central-1.amazonaws.com:444/SimpleNotificationService-f3ecfb7224.pem",
    "https://sns.eu-central-1.amazonaws.com/?Action=ListTopics&x=.pem",
    "https://bucket.s3.amazonaws.com/SimpleNotificationService-f3ecfb7224.pem",
    "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-f3ecfb7224.pem\n",
    "https://SNS.eu-central-1.amazonaws.com/../SimpleNotificationService-f3ecfb7224.pem",
  ])("fetches no certificate from %s", async (SigningCertURL) => {
    const { read, fetched } = createReader();
    await expect(read(topic.notification("hello", { SigningCertURL }))).rejects.toMatchObject({
      code: "invalid_body",
    });
    expect(fetched).toEqual([]);
  });

  it("refuses topics that are not ours, and what is old, before it fetches anything", async () => {
    const { read, fetched } = createReader();
    const stranger = TOPIC.replace("123456789012", "999999999999");
    for (const message of [
      topic.notification("hello", { TopicArn: stranger }),
      topic.notification("hello", { Timestamp: new Date(Date.now() - HOUR - 1000).toISOString() }),
      topic.notification("hello", { Timestamp: new Date(Date.now() + HOUR + 9000).toISOString() }),
      topic.notification("hello", { Timestamp: "soon" }),
    ]) {
      await expect(read(message)).rejects.toMatchObject({ code: "not_allowed" });
    }
    expect(fetched).toEqual([]);
  });

  it.each([
    [[]],
    [null],
    ["text"],
    [{}],
    [{ Type: "Notification" }],
    [{ ...topic.notification("x"), Signature: 1 }],
  ])("refuses %j as no message", async (body) => {
    await expect(createReader().read(body)).rejects.toMatchObject({ code: "invalid_body" });
  });

  it("fetches a certificate once, but again a while after a failure", async () => {
    const { read, fetched } = createReader();
    await Promise.all([1, 2, 3].map(() => read(topic.notification("hello"))));
    await read(topic.notification("again"));
    expect(fetched).toHaveLength(1);
    let [isDown, isLater, tries] = [true, false, 0];
    const flaky = createSnsReader({
      topics: new Set([TOPIC]),
      fetchCertificate: async () => {
        tries += 1;
        if (isDown) throw new Error("down");
        return topic.certificate;
      },
      now: () => Date.now() + (isLater ? 20_000 : 0), // when SNS repeats it
    });
    const body = JSON.stringify(topic.notification("hello"));
    await expect(flaky(body)).rejects.toMatchObject({ code: "store_failed" });
    await expect(flaky(body)).rejects.toMatchObject({ code: "store_failed" });
    expect(tries).toBe(1);
    [isDown, isLater] = [false, true];
    expect(await flaky(body)).toMatchObject({ Message: "hello" });
  });

  it.each([
    "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-f3ecfb7224.pem",
    "https://sns.eu-central-1.amazonaws.com.cn/SimpleNotificationService-f3ecfb7224.pem",
  ])("fetches no certificate from %s, where the topic is not", async (SigningCertURL) => {
    const { read, fetched } = createReader();
    await expect(read(topic.notification("hello", { SigningCertURL }))).rejects.toMatchObject({
      code: "not_allowed",
    });
    expect(fetched).toEqual([]);
  });

  it("believes a topic of China", async () => {
    const TopicArn = "arn:aws-cn:sns:cn-north-1:123456789012:media";
    const SigningCertURL =
      "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-f3ecfb7224.pem";
    const { read } = createReader(topic.certificate, [TopicArn]);
    const message = topic.notification("hello", { TopicArn, SigningCertURL });
    expect(await read(message)).toMatchObject({ Message: "hello" });
  });

  it("fetches few certificates at a time, whatever strangers name, and keeps what it has", async () => {
    let isOpen = true;
    const asked: string[] = [];
    const release = createDeferred<void>();
    const read = createSnsReader({
      topics: new Set([TOPIC]),
      fetchCertificate: async (url) => {
        asked.push(url);
        if (isOpen) return topic.certificate;
        await release.promise;
        throw new Error("there is none");
      },
      now: () => Date.now(),
    });
    const message = topic.notification("hello");
    await read(JSON.stringify(message));
    isOpen = false;
    const forged = Array.from({ length: 200 }, (_, index) => {
      const SigningCertURL = message["SigningCertURL"]?.replace(
        /-\w+\.pem$/,
        `-${1e9 + index}.pem`,
      );
      return read(JSON.stringify({ ...message, SigningCertURL }));
    });
    release.resolve();
    for (const { status } of await Promise.allSettled(forged)) expect(status).toBe("rejected");
    expect(asked.length).toBeLessThan(10);
    const before = asked.length;
    expect(await read(JSON.stringify(message))).toMatchObject({ Message: "hello" });
    expect(asked).toHaveLength(before);
  });
});

function createSubject() {
  const visited: string[] = [];
  const events: MediaEvent[] = [];
  const receiver = createReceiver({
    handle: async (list) => ({
      purged: [],
      ignored: list.map((event) => ({ reason: event.kind })),
    }),
    observe: (event) => void events.push(event),
    readSns: createSnsReader({
      topics: new Set([TOPIC]),
      fetchCertificate: async () => topic.certificate,
      now: () => Date.now(),
    }),
    visit: async (url) => visited.push(url),
  });
  return { ...receiver, visited, events };
}

describe("createReceiver", () => {
  it("confirms a subscription to our topic, at SNS and nowhere else", async () => {
    const { receiveSns, visited, events } = createSubject();
    const message = topic.confirmation();
    await receiveSns(JSON.stringify(message));
    expect(visited).toEqual([message["SubscribeURL"]]);
    for (const SubscribeURL of [
      "https://evil.example/?Action=ConfirmSubscription&Token=1",
      "http://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=1",
      "https://sns.eu-central-1.amazonaws.com.evil.example/?Action=ConfirmSubscription&Token=1",
      "https://sns.eu-central-1.amazonaws.com/?Action=DeleteTopic&Token=1",
      "https://169.254.169.254/?Action=ConfirmSubscription&Token=1",
    ]) {
      const body = JSON.stringify(topic.confirmation({ SubscribeURL }));
      await expect(receiveSns(body)).rejects.toMatchObject({ code: "invalid_body" });
    }
    const foreign = topic.confirmation({ TopicArn: TOPIC.replace("media", "other") });
    await expect(receiveSns(JSON.stringify(foreign))).rejects.toMatchObject({
      code: "not_allowed",
    });
    expect(visited).toHaveLength(1);
    expect(events).toHaveLength(6);
  });
});
