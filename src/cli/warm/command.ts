import { printExamples } from "../options/examples.ts";
import type { Command } from "commander";
import type { Outputs, WarmEntry } from "../../media/warm/request.ts";
import { parseOutputs } from "../../media/warm/request.ts";
import type { WarmResult } from "../../media/warm/result.ts";
import { skipNonImages } from "../../media/warm/result.ts";
import { parseTransform } from "../../transform/parse.ts";
import type { Config } from "../../config/config.ts";
import { createService } from "../../service/service.ts";
import { createExclusiveWarmer, withoutTimeouts } from "../../service/warming.ts";
import { UsageError } from "../../ops/usage-error.ts";
import { readArguments, reportFailure } from "../exit.ts";
import { readConfig } from "../options/environment.ts";
import { createStop, logToErrors, tuneHeapGrowth } from "../options/process.ts";
import { collect, readNumber, readUrl } from "../options/values.ts";
import { enqueue, withQueue } from "./queue.ts";
import type { Prefixed, WarmList } from "./list.ts";
import { cutShard, listLines, listPrefix, parseShard } from "./list.ts";
import { warmRemotely } from "./remote.ts";
import type { ReportOptions } from "./report.ts";
import { runList } from "./report.ts";

interface WarmOptions {
  readonly from?: string;
  readonly prefix?: string;
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
  const { transform = [], preset = [], format = [], from } = options;
  const isNothing = transform.length + preset.length + format.length === 0;
  if (isNothing && from !== undefined) return undefined;
  return readArguments(() =>
    parseOutputs({
      transforms: transform,
      presets: preset,
      ...(format.length > 0 && { formats: format }),
    }),
  );
}

function checkCompany({ from, prefix, service, concurrency, ...options }: WarmOptions): void {
  if ((from === undefined) === (prefix === undefined)) {
    throw new UsageError("give either --from or --prefix");
  }
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

function chooseList(
  { from = "-", prefix }: WarmOptions,
  standard: Outputs | undefined,
  store: Pick<Prefixed, "originals" | "variantsRoot">,
): WarmList {
  if (prefix === undefined || !standard) return listLines(from, standard);
  return listPrefix({ ...store, prefix, want: standard });
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
  const list = chooseList(options, standard, {
    originals: service.originalsStore,
    variantsRoot: config.prefix.root,
  });
  if (isRemote) {
    await report(list, { options, stop, work: createRemoteWork(options) });
    return;
  }
  if (options.enqueue) {
    await withQueue(config, (queue) => enqueue(cut(list, options), queue, stop));
    return;
  }
  const work = createExclusiveWarmer(
    service,
    untimed,
    readNumber("--concurrency", options.concurrency, 999),
  );
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
