import { inspect } from "node:util";
import { afterAll, expect } from "vitest";
import { createS3Client } from "../../../src/store/s3/client.ts";
import { createS3Store } from "../../../src/store/s3/store.ts";
import type { ObjectStore, PutOptions } from "../../../src/store/store.ts";
import type { Answer, ScriptedServer } from "./script.ts";
import { giveObject, refuse, startScriptedServer } from "./script.ts";

export const STORE_FAILED = {
  name: "MediaError",
  code: "store_failed",
  message: "the store failed",
};
export const FOUND = { kind: "found", bytes: Buffer.from("hello") };
export const OBJECT = giveObject("hello");
export const TEXT: PutOptions = { contentType: "text/plain" };
export const ACCESS_KEY_ID = "AKIDTESTTESTTEST";
export const SECRET = "do-not-tell-anybody-this-secret";
export const SLOW_DOWN = refuse(503, "SlowDown");

const stops: (() => unknown)[] = [];
// not after each: those that wait do so side by side
afterAll(async () => {
  for (const stop of stops) await stop();
});

export interface Scripted {
  readonly store: ObjectStore;
  readonly server: ScriptedServer;
  readonly get: (key?: string) => ReturnType<ObjectStore["get"]>;
  readonly put: (options?: Partial<PutOptions>) => ReturnType<ObjectStore["put"]>;
}

export async function script(
  answers: readonly Answer[],
  timeoutMs = 1500,
  clientTimeoutMs = 2400,
): Promise<Scripted> {
  const server = await startScriptedServer(answers);
  const store = connect(server.endpoint, timeoutMs, clientTimeoutMs);
  stops.push(server.stop);
  return {
    store,
    server,
    get: (key = "key") => store.get(key, { maxBytes: 10_000 }),
    put: (options) => store.put("key", Buffer.from("hello"), { ...TEXT, ...options }),
  };
}

export function connect(endpoint: string, timeoutMs = 1500, clientTimeoutMs = 2400): ObjectStore {
  const credentials = { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET };
  const client = createS3Client({
    forcePathStyle: true,
    endpoint,
    region: "us-east-1",
    credentials,
    timeoutMs: clientTimeoutMs,
  });
  stops.push(() => client.destroy());
  return createS3Store({ client, bucket: "media", timeoutMs });
}

/** The error of a call that must fail. */
export async function catchFailure(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    (value) => expect.unreachable(`it gave ${inspect(value)}`),
    (reason: unknown) => reason,
  );
}
