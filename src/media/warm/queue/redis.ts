import type { Queue, UnrecoverableError, Worker } from "bullmq";
import type { Redis } from "ioredis";

/** How long the first connection may take. */
const CONNECT_TIMEOUT_MS = 5000;

export interface Drivers {
  readonly Queue: typeof Queue;
  readonly Worker: typeof Worker;
  readonly UnrecoverableError: typeof UnrecoverableError;
  readonly Redis: typeof Redis;
}

/** The two packages that only those need who have a queue. @throws Error that says how to get them */
export async function loadDrivers(): Promise<Drivers> {
  try {
    const [bullmq, ioredis] = await Promise.all([import("bullmq"), import("ioredis")]);
    return { ...bullmq, Redis: ioredis.Redis };
  } catch (cause) {
    throw new Error("the queue needs two more packages: npm install bullmq ioredis", { cause });
  }
}

/**
 * Connects to Redis or Valkey; from then on a connection that is lost is made again, for as long as it
 * takes.
 *
 * @throws Error when it cannot be reached at first, without what is secret in its URL
 */
export async function connect(drivers: Pick<Drivers, "Redis">, url: string): Promise<Redis> {
  const connection = new drivers.Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: null, // BullMQ asks for it
    retryStrategy: (times) => Math.min(times * 500, 5000),
  });
  let problem = "it does not answer";
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
