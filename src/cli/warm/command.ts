import { printExamples } from "../options/examples.ts";
import type { Command } from "commander";
import type { Outputs, WarmEntry } from "../../media/warm/request.ts";
import { parseOutputs } from "../../media/warm/request.ts";
import type { WarmResult } from "../../media/warm/result.ts";
import { skipNonImages } from "../../media/warm/result.ts";
import { parseTransform } from "../../transform/parse.ts";
import type { Config } from "../../config/config.ts";
import type { MediaService } from "../../service/service.ts";
import { createService } from "../../service/service.ts";
import { createExclusiveWarmer, withoutTimeouts } from "../../service/warming.ts";
import { UsageError } from "../../ops/usage-error.ts";
import { readArguments, reportFailure } from "../exit.ts";
import { readConfig } from "../options/environment.ts";
import { createStop, logToErrors, tuneHeapGrowth } from "../options/process.ts";
import { collect, readNumber, readUrl } from "../options/values.ts";
import { enqueue, withQueue } from "./queue.ts";
import type { WarmList } from "./list.ts";
import { cutShard, listLines, listPrefix, listStored, parseShard } from "./list.ts";
import { warmRemotely } from "./remote.ts";
import type { ReportOptions } from "./report.ts";
import { runList } from "./report.ts";

interface WarmOptions {
  readonly from?: string;
  readonly prefix?: string;
  readonly renew?: string;
  readonly transform?: readonly string[];
  readonly preset?: readonly string[];
  readonly format?: readonly string[];
  readonly service?: string;
  readonly shard?: string;
  readonly concurrency?: string;
  readonly json?: boolean;
  readonly enqueue?: boolean;
  readonly strict?: boolean;
}

/** `shift-media warm` */
export function addWarmCommand(program: Command): void {
  program
    .command("warm")
    .description("make variants ahead of time; existing variants are skipped")
    .option("--from <file>", "file with a key or a JSON object in each line; - is standard input")
    .option("--prefix <prefix>", "warm up all originals whose keys begin with it")
    .option("--renew <prefix>", "make anew what is stored of them by an older recipe")
    .option("--transform <options>", "options such as w_300,h_200; repeatable", collect)
    .option("--preset <name>", "one of PRESETS; repeatable", collect)
    .option(
      "--format <name>",
      "format of transforms without one, or with f_auto; repeatable",
      collect,
    )
    .option("--service <url>", "let a running service do it; ADMIN_TOKEN holds its token")
    .option("--shard <i/n>", "do only part i of n, by a hash of the key")
    .option("--concurrency <n>", "originals at a time, without --service and --enqueue")
    .option("--json", "print a line of JSON for each variant, and one with the totals")
    .option("--strict", "with --prefix, count files that are not images as failures")
    .option("--enqueue", "add the originals to the queue at WARM_QUEUE, for shift-media work")
    .addHelpText(
      "after",
      printExamples(
        "shift-media warm --prefix photos/ --transform w_300 --transform w_600 --format auto",
        "shift-media warm --from keys.txt --preset card --service https://img.example.com",
        "shift-media warm --renew photos/",
      ),
    )
    .action(warm);
}

async function warm(options: WarmOptions): Promise<void> {
  try {
    await run(options, readDefaults(options));
  } catch (error) {
    reportFailure(error);
  }
}

/** Reads the outputs of originals whose lines name none. */
function readDefaults(options: WarmOptions): Outputs | undefined {
  checkCompany(options);
  const { transform = [], preset = [], format = [], prefix, renew } = options;
  const isNothing = transform.length + preset.length + format.length === 0;
  if (!isNothing && renew !== undefined) {
    throw new UsageError(
      "--renew takes no transforms, presets and formats: it goes by what is stored",
    );
  }
  if (isNothing && prefix === undefined) return undefined;
  return readArguments(() =>
    parseOutputs({
      transforms: transform,
      presets: preset,
      ...(format.length > 0 && { formats: format }),
    }),
  );
}

function checkCompany(all: WarmOptions): void {
  checkLists(all);
  const { prefix, service, concurrency, ...options } = all;
  if (options.strict && (prefix === undefined || options.enqueue)) {
    throw new UsageError("--strict needs --prefix, and cannot be used with --enqueue");
  }
  if (service !== undefined && options.enqueue) {
    throw new UsageError("give either --service or --enqueue, not both");
  }
  const isElsewhere = service !== undefined || options.enqueue;
  if (isElsewhere && concurrency !== undefined) {
    throw new UsageError("--concurrency cannot be used with --service or --enqueue");
  }
}

function checkLists({ from, prefix, renew, service, enqueue: isQueued }: WarmOptions): void {
  if ([from, prefix, renew].filter((list) => list !== undefined).length !== 1) {
    throw new UsageError("give one of --from, --prefix and --renew");
  }
  if (renew !== undefined && (service !== undefined || isQueued)) {
    throw new UsageError("--renew cannot be used with --service or --enqueue");
  }
}

function chooseList(
  { from = "-", prefix, renew }: WarmOptions,
  standard: Outputs | undefined,
  { originalsStore: originals, variantsStore: variants, rules }: MediaService,
): WarmList {
  if (renew !== undefined) {
    return listStored({ variants, prefix: renew, variantPrefix: rules.prefix });
  }
  if (prefix === undefined || !standard) return listLines(from, standard);
  return listPrefix({ originals, variantsRoot: rules.prefix.root, prefix, want: standard });
}

type Results = AsyncGenerator<WarmResult>;

/** Refuses what would fail for each original alike. */
function checkTransforms(outputs: Outputs | undefined, { access }: Config): void {
  for (const text of outputs?.transforms ?? []) {
    readArguments(() => parseTransform(text, access.presets));
  }
  for (const format of outputs?.formats ?? []) readArguments(() => parseTransform(`f_${format}`));
}

async function run(options: WarmOptions, standard: Outputs | undefined): Promise<void> {
  const isRemote = options.service !== undefined;
  const needsStore = !isRemote || options.prefix !== undefined;
  tuneHeapGrowth();
  const stop = createStop();
  if (!needsStore) {
    const list = listLines(options.from ?? "-", standard);
    await report(list, { options, stop, work: createRemoteWork(options) });
    return;
  }
  const config = readConfig("warm up");
  if (!config) return;
  // a service has presets of its own
  checkTransforms(isRemote ? undefined : standard, config);
  const untimed = withoutTimeouts(config);
  const service = await createService(untimed, logToErrors());
  const list = chooseList(options, standard, service);
  if (isRemote) {
    await report(list, { options, stop, work: createRemoteWork(options) });
    return;
  }
  if (options.enqueue) {
    await withQueue(config, (queue) => enqueue(cut(list, options), queue, stop));
    return;
  }
  const work = createExclusiveWarmer(service, untimed, {
    originals: readNumber("--concurrency", options.concurrency, 999),
    renews: options.renew !== undefined,
  });
  try {
    await service.start();
    const never = new AbortController().signal;
    await report(list, { options, stop, work: (entries) => work(entries, never) });
    await service.drain();
  } finally {
    service.stop();
  }
}

interface Reported extends ReportOptions {
  readonly options: WarmOptions;
}

async function report(list: WarmList, { options, stop, work }: Reported): Promise<void> {
  const isLenient = options.prefix !== undefined && !options.strict;
  const both: ReportOptions["work"] = (entries) => skipNonImages(work(entries));
  await runList(cut(list, options), { options, stop, work: isLenient ? both : work });
}

function cut(list: WarmList, { shard }: WarmOptions): WarmList {
  return shard === undefined ? list : cutShard(list, parseShard(shard));
}

function createRemoteWork({
  service,
}: WarmOptions): (entries: AsyncIterable<WarmEntry>) => Results {
  const url = readUrl("--service", service) ?? "";
  const token = process.env["ADMIN_TOKEN"] || undefined;
  return (entries) => warmRemotely({ url, token }, entries);
}
