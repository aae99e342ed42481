import { createHash } from "node:crypto";
import { GetObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import sharp from "sharp";
import { afterEach, describe, expect, it } from "vitest";
import type { Balancer } from "../../support/service/balancer.ts";
import { startBalancer } from "../../support/service/balancer.ts";
import type { Instance } from "../../support/service/fleet.ts";
import { startInstance } from "../../support/service/fleet.ts";
import { drawPhoto } from "../../support/images.ts";
import { hasRgw, startRgwBuckets } from "../../support/s3/rgw.ts";
import type { FaultyS3 } from "../../support/s3/proxy.ts";
import { startFaultyS3 } from "../../support/s3/proxy.ts";
import type { S3Server } from "../../support/s3/server.ts";
import { startS3Server } from "../../support/s3/server.ts";
import { childrenOf, until } from "../../support/service/server.ts";
import type { Image, Seen } from "../../support/service/visitors.ts";
import { invite } from "../../support/service/visitors.ts";

const PHOTOS: readonly (readonly [name: string, width: number, height: number])[] = [
  ["beach.jpg", 900, 600],
  ["city.jpg", 600, 900],
  ["forest.jpg", 800, 800],
];
const FAVOURITES = [100, 140].map((width) => image("news.jpg", width, "jpg"));
const FORMATS = ["jpg", "webp", "png"];

let parts: readonly { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const part of parts.toReversed()) await part.stop();
  parts = [];
});

function image(name: string, width: number, format: string): Image {
  const suffix = name.endsWith(format) ? "" : `,f_${format}`;
  const path = `/w_${width}${suffix}/${name}`;
  return { path, variantKey: `variants/1/${name}/w_${width}.${format}` };
}

function* fresh(): Generator<Image, never> {
  for (let index = 0; ; index += 1) {
    const [name] = PHOTOS[index % PHOTOS.length] ?? [""];
    const format = FORMATS[Math.floor(index / PHOTOS.length) % FORMATS.length] ?? "";
    yield image(name, 40 + index, format);
  }
}

interface Fleet {
  readonly s3: FaultyS3;
  readonly balancer: Balancer;
  start(name: string): Promise<Instance>;
}

async function startFleet(startStore: () => Promise<S3Server>): Promise<Fleet> {
  const s3 = await startFaultyS3(await startStore());
  parts = [s3];
  const balancer = await startBalancer();
  parts = [s3, balancer];
  for (const [name, width, height] of PHOTOS) {
    await s3.putOriginal(name, await drawPhoto(width, height));
  }
  await s3.putOriginal("news.jpg", await drawPhoto(400, 300));
  const settings = { FRESHNESS_TTL_SECONDS: "1", STOP_DELAY_MS: "2000", DELIVERY: "stream" };
  const start = async (name: string): Promise<Instance> => {
    const instance = await startInstance(name, s3, settings);
    parts = [...parts, { stop: () => instance.end("SIGKILL") }];
    balancer.add(name, instance.url);
    await until(async () => balancer.ready().includes(name));
    return instance;
  };
  return { s3, balancer, start };
}

/** How often each variant has been written, whatever the store said to it. */
function countWrites({ calls }: FaultyS3): ReadonlyMap<string, number> {
  const writes = new Map<string, number>();
  for (const call of calls.filter((candidate) => candidate.startsWith("PUT variants/"))) {
    const key = call.slice("PUT variants/".length);
    writes.set(key, (writes.get(key) ?? 0) + 1);
  }
  return writes;
}

interface Stored {
  readonly key: string;
  readonly sha256: string;
  readonly claimed: string | undefined;
  readonly format: string;
  readonly width: number;
}

async function readVariants({ client, variantsBucket: Bucket }: FaultyS3): Promise<Stored[]> {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
  return Promise.all(
    Contents.map(async ({ Key = "" }) => {
      const { Body, Metadata } = await client.send(new GetObjectCommand({ Bucket, Key }));
      const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
      // to the last row: headers alone are read of files that end too soon
      const { info } = await sharp(bytes, { failOn: "warning" }).toBuffer({
        resolveWithObject: true,
      });
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      return { key: Key, sha256, claimed: Metadata?.["sha256"], ...info };
    }),
  );
}

async function lookAt({ url }: Instance, { path }: Image): Promise<string> {
  const answer = await fetch(url + path);
  const { width, height } = await sharp(await answer.arrayBuffer()).metadata();
  return `${answer.status} ${width}x${height} ${answer.headers.get("etag")}`;
}

/** The variants that the store has reported. */
function watchStore({ answers }: FaultyS3): (image: Image) => boolean {
  const stored = new Set<string>();
  let read = 0;
  return ({ variantKey }) => {
    for (; read < answers.length; read += 1) {
      const [, key] = /^(?:200|412) (?:PUT|HEAD) variants\/(.*)/.exec(answers[read] ?? "") ?? [];
      if (key !== undefined) stored.add(key);
    }
    return stored.has(variantKey);
  };
}

/** Answers that are not what their URLs ask for, or not what they say of themselves, or too many kinds. */
function findOdd(seen: readonly Seen[]): readonly unknown[] {
  const odd = seen.filter(
    ({ status, etag, sha256, path, size }) =>
      status !== 200 || etag !== `"${sha256}"` || !path.startsWith(`/w_${size.replace(/x.*/, "")}`),
  );
  const paths = new Set(seen.map(({ path }) => path).filter((path) => !path.includes("news")));
  const various = [...paths].filter((path) => {
    const answers = seen.filter((answer) => answer.path === path);
    const count = (name: "sha256" | "size"): number =>
      new Set(answers.map((answer) => answer[name])).size;
    return count("size") > 1 || count("sha256") > 2;
  });
  return [...odd, ...various];
}

/** The warnings and errors that an instance has logged. */
function complaintsOf({ run }: Instance): readonly string[] {
  return run
    .output()
    .split("\n")
    .filter((line) => /"level":[4-6]0/.test(line) && !line.includes('"path":"/readyz"'));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const STORES: readonly (readonly [name: string, start: () => Promise<S3Server>])[] = [
  ["the simulator of R2", startS3Server],
  ...(hasRgw() ? [["Ceph's gateway", startRgwBuckets] as const] : []),
];

describe.each(STORES)("three instances on one bucket of %s", (_, startStore) => {
  it("lose what was under way on one that is killed, and nothing else, whoever comes and goes", async () => {
    const { s3, balancer, start } = await startFleet(startStore);
    const [killed, stopped, staying] = await Promise.all(["one", "two", "three"].map(start));
    if (!killed || !stopped || !staying) throw new Error("there are three");
    const isStored = watchStore(s3);
    const visitors = invite({
      url: balancer.url,
      fresh: fresh(),
      isStored,
      favourites: FAVOURITES,
    });
    parts = [...parts, { stop: visitors.leave }];
    await visitors.goOn(150);

    // one is killed in the middle of its work
    const children = childrenOf(killed.run.process.pid ?? 0);
    await until(async () => balancer.inFlight("one") > 0);
    await killed.end("SIGKILL");
    await until(async () => !balancer.ready().includes("one"));
    await visitors.goOn(150);
    expect(balancer.failures.filter(({ backend }) => backend !== "one")).toEqual([]);
    expect(balancer.failures.length).toBeLessThanOrEqual(balancer.lost("one"));
    expect(balancer.lost("one")).toBeLessThanOrEqual(visitors.count);
    expect(visitors.failed()).toBe(balancer.failures.length);
    await until(async () => children.every((pid) => !isAlive(pid)));

    // one comes, and takes its share
    const added = await start("four");
    await visitors.goOn(150);
    expect(balancer.answered("four")).toBeGreaterThan(20);

    // an original is replaced
    await s3.putOriginal("news.jpg", await drawPhoto(200, 300));
    const present = [stopped, staying, added];
    for (const favourite of FAVOURITES) {
      await until(async () => {
        const looks = await Promise.all(present.map((instance) => lookAt(instance, favourite)));
        return new Set(looks).size === 1 && /^200 100x150|^200 140x210/.test(looks[0] ?? "");
      });
    }
    const agreed = visitors.seen.length;
    await visitors.goOn(100);

    // one is stopped gently
    const failures = balancer.failures.length;
    expect(await stopped.end("SIGTERM")).toBe(0);
    await visitors.goOn(100);
    await visitors.leave();
    expect(balancer.failures.slice(failures)).toEqual([]);
    expect(complaintsOf(stopped)).toEqual([]);

    await until(async () => visitors.asked.every(isStored));
    const stored = await readVariants(s3);
    expect(stored.filter(({ sha256, claimed }) => sha256 !== claimed)).toEqual([]);
    const asked = [...visitors.asked, ...FAVOURITES];
    expect(stored.map(({ key }) => key).toSorted()).toEqual(
      asked.map(({ variantKey }) => variantKey).toSorted(),
    );
    const writes = countWrites(s3);
    const often = visitors.asked.filter(({ variantKey }) => (writes.get(variantKey) ?? 0) > 2);
    expect(often).toEqual([]);
    expect(findOdd(visitors.seen)).toEqual([]);
    for (const one of asked) {
      const { sha256 } = stored.find(({ key }) => key === one.variantKey) ?? {};
      for (const instance of [staying, added]) {
        expect(await lookAt(instance, one)).toMatch(new RegExp(`^200 .* "${sha256}"$`));
      }
    }
    const late = visitors.seen
      .slice(agreed + visitors.count)
      .filter(({ path }) => path.endsWith("news.jpg"));
    expect(new Set(late.map(({ size }) => size))).toEqual(new Set(["100x150", "140x210"]));
  }, 180_000);
});
