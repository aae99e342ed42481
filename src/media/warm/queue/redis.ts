import type { Queue, UnrecoverableError, Worker } from "bullmq";
import type { Redis } from "ioredis";

/** For the first connection. */
const CONNECT_TIMEOUT_MS = 5000;

export interface Drivers {
  readonly Queue: typeof Queue;
  readonly Worker: typeof Worker;
  readonly UnrecoverableError: typeof UnrecoverableError;
  readonly Redis: typeof Redis;
}

/** Loads two packages that only a queue needs. @throws Error that says how to install them */
export async function loadDrivers(): Promise<Drivers> {
  try {
    const [bullmq, ioredis] = await Promise.all([import("bullmq"), import("ioredis")]);
    return { ...bullmq, Redis: ioredis.Redis };
  } catch (cause) {
    throw new Error("the queue needs two more packages, install them: npm install bullmq ioredis", {
      cause,
    });
  }
}

/**
 * Connects to Redis or Valkey. A connection that is lost later is made again, for as long as it takes.
 *
 * @throws Error when the first connection fails, without the secrets of its URL
 */
export async function connect(drivers: Pick<Drivers, "Redis">, url: string): Promise<Redis> {
  const connection = new drivers.Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: null, // BullMQ requires it
    retryStrategy: (times) => Math.min(times * 500, 5000),
  });
  let problem = "no answer";
  connection.on("error", (error) => {
    problem = error.message;
  });
  try {
    await connection.connect();
    await connection.ping();
    return connection;
  } catch (cause) {
    connection.disconnect();
    throw new Error(`the queue at ${new URL(url).host} cannot be reached: ${problem}`, { cause });
  }
}
