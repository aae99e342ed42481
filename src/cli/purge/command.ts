import type { Command } from "commander";
import type { Config } from "../../config/config.ts";
import { MediaError } from "../../errors.ts";
import type { PurgePage, PurgeTarget } from "../../media/purge/purge.ts";
import { checkPurgeTarget, purgePages } from "../../media/purge/purge.ts";
import { createStores } from "../../service/stores.ts";
import { UsageError } from "../../ops/usage-error.ts";
import { readArguments, reportFailure } from "../exit.ts";
import { readConfig } from "../options/environment.ts";
import { purgeRemotely } from "./remote.ts";

interface PurgeCommandOptions {
  readonly prefix?: string;
  readonly service?: string;
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
    const targets = readTargets(keys, options.prefix);
    // check all first: a wrong key must not leave the others purged
    for (const target of targets) {
      readArguments(() => checkPurgeTarget(target, config.prefix));
    }
    for (const target of targets) {
      for await (const page of purgeOne(target, options, config)) print(page, options);
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
