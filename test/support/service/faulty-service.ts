import { afterAll, afterEach, beforeAll } from "vitest";
import type { FaultyS3 } from "../s3/proxy.ts";
import { startFaultyS3 } from "../s3/proxy.ts";
import type { TestServer } from "./server.ts";
import { readMetric, startTestServer, until } from "./server.ts";

export type Service = TestServer & {
  get(path: string, init?: RequestInit): Promise<Taken>;
  metric(name: string): Promise<number>;
  /** Until nothing is under way, writes behind answers included. */
  idle(): Promise<void>;
};

/** An answer that has been read to its end. */
export interface Taken {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
}

export interface FaultySetup {
  readonly s3: () => FaultyS3;
  start(environment?: Readonly<Record<string, string>>): Promise<Service>;
}

/** One store for a file, with services on it that go when the test is over. */
export function setUpFaults(
  originals: () => Promise<Readonly<Record<string, Buffer>>>,
): FaultySetup {
  const services: Service[] = [];
  let s3: FaultyS3 | undefined;
  const store = (): FaultyS3 => {
    if (!s3) throw new Error("the store has not been started");
    return s3;
  };
  beforeAll(async () => {
    s3 = await startFaultyS3();
    for (const [key, bytes] of Object.entries(await originals())) await s3.putOriginal(key, bytes);
  });
  afterEach(async () => {
    store().heal();
    await Promise.all(services.splice(0).map((service) => service.stop()));
  });
  afterAll(() => s3?.stop());
  return {
    s3: store,
    start: async (environment = {}) => {
      const service = serviceOf(
        await startTestServer({
          S3_BUCKET: store().originalsBucket,
          S3_VARIANTS_BUCKET: store().variantsBucket,
          ALLOW_UNSIGNED: "true",
          DELIVERY: "stream",
          POOL_SIZE: "1",
          ...environment,
        }),
      );
      services.push(service);
      return service;
    },
  };
}

export function serviceOf(server: TestServer): Service {
  const metric = (name: string): Promise<number> => readMetric(server.url, `shift_media_${name}`);
  return {
    ...server,
    metric,
    get: async (path, init) => {
      const answer = await fetch(server.url + path, { redirect: "manual", ...init });
      const { status, headers } = answer;
      return { status, headers, bytes: Buffer.from(await answer.arrayBuffer()) };
    },
    idle: async () => {
      await until(async () => {
        const gauges = await Promise.all(["children_busy", "queue", "background"].map(metric));
        return gauges.every((value) => value === 0);
      });
    },
  };
}
