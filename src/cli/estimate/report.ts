import type {
  Estimate,
  Machine,
  Month,
  Requests,
  Way,
  Workload,
} from "../../ops/estimate/estimate.ts";
import { PUTS_PER_PREFIX, READS_PER_PREFIX } from "../../ops/estimate/estimate.ts";
import type { ProviderName } from "../../ops/estimate/prices.ts";
import { PRICES_OF, PROVIDERS } from "../../ops/estimate/prices.ts";

/** Wide enough for the longest name of a row. */
const NAME = 32;
const COLUMN = 13;

const TITLES: Readonly<Record<Way, string>> = {
  redirect: "redirect",
  stream: "stream",
  bucket: "bucket first",
};

export function printEstimate(result: Estimate, workload: Workload, machine: Machine): string {
  const { firstTime, months, memory, newVariants } = result;
  const { hitsPerSecond, peak, hitRatio } = workload;
  const rate = `${count(hitsPerSecond)} requests/s, ${count(hitsPerSecond * peak)}/s at the peak`;
  return [
    `${count(firstTime.variants)} variants of ${count(workload.originals)} originals`,
    `${rate}; a CDN has ${percent(hitRatio)} of them`,
    "",
    "The first time, with shift-media warm",
    row("processor time", [`${number(firstTime.cpuHours)} h`]),
    row(`on ${count(machine.warmCores)} cores`, [`${number(firstTime.hours)} h`]),
    row("PUT/s meanwhile", [number(firstTime.putsPerSecond)]),
    row("PUT", [count(firstTime.requests.puts)]),
    row("GET + HEAD", [count(readsOf(firstTime.requests))]),
    ...PROVIDERS.map((name) => row(`${name}: requests`, [dollars(firstTime.cost[name])])),
    "",
    "In the bucket",
    row("originals", [`${number(result.originalsGb)} GB`]),
    row("variants", [`${number(result.variantsGb)} GB`]),
    "",
    `A month, with ${count(newVariants)} new variants`,
    row(
      "",
      months.map(({ way }) => TITLES[way]),
    ),
    row(
      "requests/s to the service, peak",
      months.map((month) => number(month.requestsPerSecond)),
    ),
    row(
      `instances of ${count(machine.cores)} cores`,
      months.map((month) => count(month.instances)),
    ),
    row(
      "PUT",
      months.map(({ requests }) => count(requests.puts)),
    ),
    row(
      "GET + HEAD",
      months.map(({ requests }) => count(readsOf(requests))),
    ),
    row(
      "GET + HEAD a second, peak",
      months.map((month) => number(month.readsPerSecond)),
    ),
    ...PROVIDERS.flatMap((name) => printCosts(name, months)),
    "",
    `Memory of an instance: ${count(memory.typicalMb)} MB in use, ${count(memory.limitMb)} MB as its limit`,
    ...warn(result),
    `Prices of ${PRICES_OF}, without free tiers: check them, and give yours with --price`,
  ].join("\n");
}

function row(name: string, values: readonly string[]): string {
  return `  ${name.padEnd(NAME)}${values.map((value) => value.padStart(COLUMN)).join("")}`;
}

const PARTS = ["instances", "requests", "storage", "delivery", "total"] as const;

function printCosts(provider: ProviderName, months: readonly Month[]): readonly string[] {
  return PARTS.map((part) =>
    row(
      `${provider}: ${part}`,
      months.map(({ cost }) => dollars(cost[provider][part])),
    ),
  );
}

/** What one prefix of a bucket of S3 does not take. */
function warn({ firstTime, months }: Estimate): readonly string[] {
  const reads = Math.max(...months.map(({ readsPerSecond }) => readsPerSecond));
  return [
    ...(firstTime.putsPerSecond >= PUTS_PER_PREFIX
      ? [
          `S3 takes ${count(PUTS_PER_PREFIX)} PUT/s of a prefix: more cores are faster only once it has split`,
        ]
      : []),
    ...(reads > READS_PER_PREFIX
      ? [
          `S3 takes ${count(READS_PER_PREFIX)} GET/s of a prefix: it has to split into ${Math.ceil(reads / READS_PER_PREFIX)}`,
        ]
      : []),
  ];
}

function readsOf({ gets, heads }: Requests): number {
  return gets + heads;
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** As exact as anybody can know. */
function number(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: value < 10 ? 1 : 0 });
}

function dollars(value: number): string {
  return `$${value.toLocaleString("en-US", { maximumFractionDigits: 0 })}`;
}

function percent(share: number): string {
  return `${number(share * 100)} %`;
}
