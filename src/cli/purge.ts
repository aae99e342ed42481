import { printExamples } from "./options/examples.ts";
import type { Command } from "commander";
import { z } from "zod";
import type { Config } from "../config/config.ts";
import { MediaError } from "../errors.ts";
import type { PurgePage, PurgeTarget, PurgeOptions } from "../media/purge/purge.ts";
import { checkPurgeTarget, purgePages } from "../media/purge/purge.ts";
import { createStores } from "../service/stores.ts";
import { UsageError } from "../ops/usage-error.ts";
import { readArguments, reportFailure } from "./exit.ts";
import { readConfig } from "./options/environment.ts";
import { readUrl } from "./options/values.ts";
import { encodeKey, encodeSegment, cutTrailingSlashes } from "../url/percent.ts";

interface PurgeCommandOptions {
  readonly prefix?: string;
  readonly service?: string | undefined;
  readonly json?: boolean;
  readonly dryRun?: boolean;
}

/** `shift-media purge` */
export function addPurgeCommand(program: Command): void {
  program
    .command("purge")
    .description("delete all variants of originals, and print their names and cache tags")
    .argument("[keys...]", "keys of originals, not encoded: 'photos/a b.jpg'")
    .option("--prefix <text>", "purge all originals whose keys begin with it")
    .option("--service <url>", "let a running service do it; ADMIN_TOKEN holds its token")
    .option("--json", "print a line of JSON for each original")
    .option("--dry-run", "only print what would be deleted")
    .addHelpText(
      "after",
      printExamples(
        "shift-media purge photos/cat.jpg",
        "shift-media purge --prefix photos/2024/ --dry-run",
      ),
    )
    .action(async (keys: readonly string[], options: PurgeCommandOptions) => {
      const config = readConfig("purge");
      if (config) await run(keys, options, config);
    });
}

async function run(
  keys: readonly string[],
  options: PurgeCommandOptions,
  config: Config,
): Promise<void> {
  try {
    const service = readUrl("--service", options.service);
    const targets = readTargets(keys, options.prefix);
    // check all first: a wrong key must not leave the others purged
    for (const target of targets) {
      readArguments(() => checkPurgeTarget(target, config.prefix));
    }
    for (const target of targets) {
      for await (const page of purgeOne(target, { ...options, service }, config))
        print(page, options);
    }
  } catch (error) {
    if (!(error instanceof MediaError || error instanceof UsageError)) throw error;
    reportFailure(error);
  }
}

function readTargets(keys: readonly string[], prefix: string | undefined): readonly PurgeTarget[] {
  if ((prefix === undefined) === (keys.length === 0)) {
    throw new UsageError("give either keys of originals or --prefix");
  }
  return prefix === undefined
    ? keys.map((key) => ({ kind: "key", key }))
    : [{ kind: "prefix", prefix }];
}

type Page = Pick<PurgePage, "purged" | "left">;

async function* purgeOne(
  target: PurgeTarget,
  { service, dryRun = false }: PurgeCommandOptions,
  config: Config,
): AsyncGenerator<Page> {
  const options = { isDryRun: dryRun };
  if (service !== undefined) {
    yield* purgeRemotely({ url: service, token: config.adminToken }, target, options);
    return;
  }
  const { variants } = await createStores(config);
  yield* purgePages(
    { variants, cache: NO_CACHE, prefix: config.prefix, observe: ignore },
    target,
    options,
  );
}

function ignore(): void {}

/** This process has no cache; running services notice by themselves. */
const NO_CACHE = { delete: ignore, deleteOriginal: ignore, deletePrefix: ignore };

function print({ purged, left }: Page, { json, dryRun }: PurgeCommandOptions): void {
  const lines = json
    ? [...purged, ...left.map((key) => ({ left: key }))].map((line) => JSON.stringify(line))
    : [
        ...purged.flatMap(({ key, variants, cacheTag }) => [
          `${key}: ${variants.length} variants ${dryRun ? "to delete" : "deleted"}, cache tag ${cacheTag}`,
          ...variants.map((variant) => `  ${variant}`),
        ]),
        ...left.map((key) => `not deleted, because it is not a variant: ${key}`),
      ];
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}

/** Milliseconds for one page of a purge. */
const TIMEOUT_MS = 120_000;

const purged = z.object({ key: z.string(), variants: z.array(z.string()), cacheTag: z.string() });
const rest = z.object({ left: z.array(z.string()), cursor: z.string().optional() });
const ofKey = purged.and(rest);
const ofPrefix = z.object({ originals: z.array(purged) }).and(rest);

export interface RemoteService {
  readonly url: string;
  readonly token: string | undefined;
}

type Answer = Pick<PurgePage, "purged" | "left"> & { readonly cursor: string | undefined };

/**
 * Asks a running service to purge, page by page.
 *
 * @throws MediaError when the service cannot be reached, or refuses
 */
export async function* purgeRemotely(
  service: RemoteService,
  target: PurgeTarget,
  { isDryRun = false }: PurgeOptions,
): AsyncGenerator<Answer> {
  const base = `${cutTrailingSlashes(service.url)}/-/variants`;
  const path = target.kind === "key" ? `${base}/${encodeKey(target.key)}` : base;
  const queries = [
    ...(target.kind === "prefix" ? [`prefix=${encodeSegment(target.prefix)}`] : []),
    ...(isDryRun ? ["dry-run"] : []),
  ];
  let cursor: string | undefined;
  do {
    const all = cursor === undefined ? queries : [...queries, `cursor=${encodeSegment(cursor)}`];
    const url = all.length > 0 ? `${path}?${all.join("&")}` : path;
    const answer = readAnswer(target, await ask(url, service));
    yield answer;
    cursor = answer.cursor;
  } while (cursor !== undefined);
}

async function ask(url: string, { token }: RemoteService): Promise<unknown> {
  const response = await fetch(url, {
    method: "DELETE",
    redirect: "error", // the token must not go to another host
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  }).catch((error: unknown) => {
    const { origin } = new URL(url);
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const problem = `${origin} could not be reached: start the service, or correct --service`;
    throw new MediaError("store_failed", problem, { cause });
  });
  const text = await response.text();
  if (response.ok) return parse(text);
  const problem = `the service answered ${response.status}: ${text.slice(0, 500)}`;
  throw new MediaError("store_failed", problem);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readAnswer(target: PurgeTarget, answer: unknown): Answer {
  const one = ofKey.safeParse(answer);
  const many = ofPrefix.safeParse(answer);
  if (target.kind === "key" && one.success) {
    const { left, cursor, ...purgedOne } = one.data;
    return { purged: [purgedOne], left, cursor };
  }
  if (target.kind === "prefix" && many.success) {
    const { originals, left, cursor } = many.data;
    return { purged: originals, left, cursor };
  }
  throw new MediaError("store_failed", "the answer is not from shift-media: check --service");
}
