import type { KeyObject } from "node:crypto";
import { generateKeyPairSync, sign } from "node:crypto";

export const TOPIC = "arn:aws:sns:eu-central-1:123456789012:media-events";
const HOST = "https://sns.eu-central-1.amazonaws.com";

export type Fields = Readonly<Record<string, string>>;

/** A topic with a key pair of its own, that signs as SNS does. */
export interface Topic {
  readonly certificate: string;
  notification(message: string, more?: Fields): Fields;
  confirmation(more?: Fields): Fields;
}

const SIGNED = {
  Notification: ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
  SubscriptionConfirmation: [
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
  ],
};

export function createTopic(): Topic {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    certificate: publicKey.export({ type: "spki", format: "pem" }).toString(),
    notification: (Message, more = {}) =>
      withSignature({ ...common(), Type: "Notification", Message, ...more }, privateKey),
    confirmation: (more = {}) =>
      withSignature(
        {
          ...common(),
          Type: "SubscriptionConfirmation",
          Message: "You have chosen to subscribe",
          Token: "2336412f37",
          SubscribeURL: `${HOST}/?Action=ConfirmSubscription&TopicArn=${TOPIC}&Token=2336412f37`,
          ...more,
        },
        privateKey,
      ),
  };
}

function common(): Fields {
  return {
    MessageId: "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
    TopicArn: TOPIC,
    Timestamp: new Date().toISOString(),
    SignatureVersion: "1",
    SigningCertURL: `${HOST}/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem`,
  };
}

function withSignature(fields: Fields, key: KeyObject): Fields {
  const names = SIGNED[fields["Type"] as keyof typeof SIGNED]; // made above
  const text = names
    .filter((name) => fields[name] !== undefined)
    .map((name) => `${name}\n${fields[name]}\n`)
    .join("");
  const algorithm = fields["SignatureVersion"] === "1" ? "RSA-SHA1" : "RSA-SHA256";
  return { ...fields, Signature: sign(algorithm, Buffer.from(text), key).toString("base64") };
}
