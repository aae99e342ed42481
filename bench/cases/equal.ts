import { get } from "../load.ts";
import type { Server } from "../processes.ts";
import { pause } from "../processes.ts";
import { readMetric } from "../service.ts";
import { startCountedS3 } from "../s3.ts";
import type { Bench } from "./case.ts";
import { using, usingService } from "./case.ts";

const REQUESTS = 100;
const TARGET = "1 GET, 1 transform, 1 PUT";
/** Time for the variant to be written. */
const WRITE_MS = 1000;

/** Equal requests at once: one of them does the work. */
export async function equal(bench: Bench): Promise<void> {
  const [key = ""] = await bench.originals.twelve(1);
  await usingService(bench, async (service) => {
    const { ours, isOnce, raw } = await ask(service, key);
    const name = `${REQUESTS} equal misses on files`;
    const target = { target: "1 GET, 1 transform", isMet: isOnce };
    bench.add({ name, ours, reference: `${REQUESTS} requests`, ...target, raw });
  });
  await using(startCountedS3(), async (s3) => {
    await s3.put(bench.originals, [key]);
    await usingService(
      bench,
      async (service) => {
        s3.seen.length = 0;
        const { ours, isOnce, raw } = await ask(service, key);
        const countSeen = (method: string): number =>
          s3.seen.filter((line) => line.startsWith(`${method} `)).length;
        const [gets, puts, heads] = ["GET", "PUT", "HEAD"].map(countSeen);
        bench.add({
          name: `${REQUESTS} equal misses on S3`,
          ours: `${ours}; on the wire: ${gets} GET, ${puts} PUT, ${heads} HEAD`,
          reference: `${REQUESTS} requests`,
          target: TARGET,
          isMet: isOnce && gets === 1 && puts === 1,
          raw: { ...raw, wire: [...s3.seen] },
        });
      },
      s3.environment,
    );
  });
}

interface Counts {
  readonly ours: string;
  readonly isOnce: boolean;
  readonly raw: Readonly<Record<string, unknown>>;
}

async function ask(service: Server, key: string): Promise<Counts> {
  const before = await count(service);
  const url = `${service.url}/w_1000,f_webp/${key}`;
  const answers = await Promise.all(Array.from({ length: REQUESTS }, () => get(url)));
  const good = answers.filter(({ status }) => status === 200 || status === 302).length;
  await pause(WRITE_MS);
  const after = await count(service);
  const [fetches, transforms] = [after[0] - before[0], after[1] - before[1]];
  return {
    ours: `${good} served, ${fetches} GET, ${transforms} transform`,
    isOnce: good === REQUESTS && fetches === 1 && transforms === 1,
    raw: { good, fetches, transforms },
  };
}

async function count(service: Server): Promise<[fetches: number, transforms: number]> {
  return [
    await readMetric(service, "fetches_total"),
    await readMetric(service, "transforms_total"),
  ];
}
