import type { Command } from "commander";
import { MediaError } from "../../errors.ts";
import type { Machine, Workload } from "../../ops/estimate/estimate.ts";
import { estimate } from "../../ops/estimate/estimate.ts";
import type { Prices, ProviderName } from "../../ops/estimate/prices.ts";
import { PRICES, PROVIDERS } from "../../ops/estimate/prices.ts";
import { collect } from "../options/collect.ts";
import { printFailure } from "../options/environment.ts";
import { printEstimate } from "./report.ts";

/** A number that is given by an option. */
interface Field {
  readonly flag: string;
  readonly default: string | undefined;
  readonly about: string;
  /** From 0, or from more than 0, to this. */
  readonly max: number;
  readonly mayBeZero?: boolean;
}

const WORKLOAD: Readonly<Record<keyof Workload, Field>> = {
  originals: {
    flag: "originals",
    default: undefined,
    about: "how many, as 1000000 or 1e6",
    max: 1e12,
  },
  variantsPerOriginal: {
    flag: "variants",
    default: undefined,
    about: "of each original, all formats counted",
    max: 1e6,
  },
  hitsPerSecond: {
    flag: "hits",
    default: undefined,
    about: "requests of visitors a second, on average",
    max: 1e9,
    mayBeZero: true,
  },
  hitRatio: {
    flag: "hit-ratio",
    default: "0.95",
    about: "share of them that the CDN answers from its cache",
    max: 1,
    mayBeZero: true,
  },
  originalMb: { flag: "original-mb", default: "2", about: "size of an original", max: 1e5 },
  variantKb: { flag: "variant-kb", default: "40", about: "size of a variant", max: 1e6 },
  churn: {
    flag: "churn",
    default: "0.05",
    about: "share of originals that is new or replaced each month",
    max: 1e3,
    mayBeZero: true,
  },
  peak: { flag: "peak", default: "3", about: "the busiest minute, in averages", max: 1e3 },
  active: {
    flag: "active",
    default: "0.01",
    about: "share of variants that is asked for within --ttl",
    max: 1,
    mayBeZero: true,
  },
  ttlSeconds: { flag: "ttl", default: "300", about: "FRESHNESS_TTL_SECONDS", max: 1e9 },
};

const MACHINE: Readonly<Record<keyof Machine, Field>> = {
  cores: { flag: "cores", default: "2", about: "cores of an instance", max: 1024 },
  warmCores: {
    flag: "warm-cores",
    default: "16",
    about: "cores to make all variants the first time",
    max: 1e6,
  },
  missMs: {
    flag: "miss-ms",
    default: "90",
    about: "processor time of a variant that is made",
    max: 1e5,
  },
  redirectUs: {
    flag: "redirect-us",
    default: "46",
    about: "of a hit that is redirected, in microseconds",
    max: 1e6,
  },
  streamUs: {
    flag: "stream-us",
    default: "800",
    about: "of a hit that is streamed, with its GET",
    max: 1e6,
  },
};

type Values = Readonly<Record<string, string | readonly string[] | boolean | undefined>>;

/** `shift-media estimate` */
export function addEstimate(program: Command): void {
  const command = program
    .command("estimate")
    .description(
      "what so many images and visitors need: instances, requests to S3, dollars a month",
    );
  for (const field of [...Object.values(WORKLOAD), ...Object.values(MACHINE)])
    addField(command, field);
  command
    .option("--price <name=dollars>", "such as aws.get=0.4; may be given several times", collect)
    .option("--json", "print all numbers as JSON")
    .action(print);
}

function addField(command: Command, { flag, default: preset, about }: Field): void {
  const option = `--${flag} <number>`;
  if (preset === undefined) command.requiredOption(option, about);
  else command.option(option, about, preset);
}

function print(values: Values): void {
  try {
    const workload = readAll(WORKLOAD, values);
    const machine = readAll(MACHINE, values);
    const prices = readPrices((values["price"] ?? []) as readonly string[]); // of an option that collects
    const result = estimate(workload, machine, prices);
    const text = values["json"]
      ? JSON.stringify(result, undefined, 2)
      : printEstimate(result, workload, machine);
    process.stdout.write(`${text}\n`);
  } catch (error) {
    printFailure(error);
  }
}

function readAll<T extends string>(
  fields: Readonly<Record<T, Field>>,
  values: Values,
): Readonly<Record<T, number>> {
  const entries = Object.entries<Field>(fields).map(([name, field]) => [name, read(field, values)]);
  return Object.fromEntries(entries) as Record<T, number>; // the names are those of the fields
}

/** @throws MediaError for what is no number of that range */
function read({ flag, max, mayBeZero = false }: Field, values: Values): number {
  const name = flag.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const text = String(values[name]);
  const value = /^\d+(?:[.]\d+)?(?:e\d{1,2})?$/i.test(text) ? Number(text) : Number.NaN;
  if (value <= max && (value > 0 || (mayBeZero && value === 0))) return value;
  const least = mayBeZero ? "from 0 to" : "more than 0, at most";
  throw new MediaError("invalid_body", `--${flag} must be ${least} ${max}, got "${text}"`);
}

/** @throws MediaError for what is no price that is known */
function readPrices(texts: readonly string[]): Readonly<Record<ProviderName, Prices>> {
  const prices = { aws: { ...PRICES.aws }, r2: { ...PRICES.r2 } };
  for (const text of texts) {
    const [, provider = "", name = "", value] = /^(\w+)[.](\w+)=(\d+(?:[.]\d+)?)$/.exec(text) ?? [];
    const table = Object.hasOwn(prices, provider) ? prices[provider as ProviderName] : undefined;
    if (!table || !Object.hasOwn(table, name)) throw unknownPrice(text);
    Object.assign(table, { [name]: Number(value) });
  }
  return prices;
}

function unknownPrice(text: string): MediaError {
  const names = Object.keys(PRICES.aws).join(", ");
  const problem = `--price must be like aws.get=0.4, with one of ${PROVIDERS.join(", ")} and one of ${names}`;
  return new MediaError("invalid_body", `${problem}, got "${text}"`);
}
