import type { Command } from "commander";
import { MediaError } from "../../errors.ts";
import type { Outputs, WarmEntry } from "../../media/warm/request.ts";
import { parseOutputs } from "../../media/warm/request.ts";
import type { WarmResult } from "../../media/warm/result.ts";
import { skipNonImages } from "../../media/warm/result.ts";
import { createService } from "../../service/service.ts";
import { createExclusiveWarmer, withoutTimeouts } from "../../service/warming.ts";
import { collect } from "../options/collect.ts";
import { printFailure, readConfig } from "../options/environment.ts";
import { readNumber } from "../options/number.ts";
import { collectLessOften, createStop, logToErrors } from "../options/process.ts";
import { withQueue } from "./queue.ts";
import type { WarmList } from "./list.ts";
import { cutShard, listLines, listPrefix, parseShard } from "./list.ts";
import { warmRemotely } from "./remote.ts";
import { enqueue } from "./enqueue.ts";
import type { ReportOptions } from "./report.ts";
import { reportOn } from "./report.ts";

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
export function addWarm(program: Command): void {
  program
    .command("warm")
    .description("make variants ahead of time; what is there already is passed over")
    .option("--from <file>", "a list of keys, or of lines of JSON; - is standard input")
    .option("--prefix <prefix>", "all originals of the bucket, or folder, whose keys begin so")
    .option("--transform <options>", "such as w_300,h_200; may be given several times", collect)
    .option("--preset <name>", "one of PRESETS; may be given several times", collect)
    .option("--format <name>", "for those that name none, or auto; several times", collect)
    .option("--service <url>", "have a running service do it, with the token in ADMIN_TOKEN")
    .option("--shard <i/n>", "do the i-th of n parts, by a hash of the key")
    .option("--concurrency <n>", "originals at a time; not for those who have others do it")
    .option("--json", "print a line of JSON for each variant, and one with the sums")
    .option("--strict", "with --prefix, count files that are no images as failures")
    .option("--enqueue", "leave it to the workers of the queue at WARM_QUEUE")
    .action(warm);
}

/** Ends with 0, with 1 when something failed, with 2 when it was not asked for in the right way. */
async function warm(options: WarmOptions): Promise<void> {
  try {
    await run(options, readStandard(options));
  } catch (error) {
    printFailure(error);
  }
}

/** What is wanted of each original, unless its line says so itself. */
function readStandard(options: WarmOptions): Outputs | undefined {
  checkCompany(options);
  const { transform = [], preset = [], format = [], from } = options;
  const isNothing = transform.length + preset.length + format.length === 0;
  if (isNothing && from !== undefined) return undefined;
  return parseOutputs({
    transforms: transform,
    presets: preset,
    ...(format.length > 0 && { formats: format }),
  });
}

function checkCompany({ from, prefix, service, concurrency, ...options }: WarmOptions): void {
  if ((from === undefined) === (prefix === undefined)) {
    throw misused("either --from or --prefix must be given");
  }
  if (options.strict && (prefix === undefined || options.enqueue)) {
    throw misused("--strict is for what --prefix lists, and for no queue");
  }
  if (service !== undefined && options.enqueue) {
    throw misused("either --service or --enqueue may be given");
  }
  const isElsewhere = service !== undefined || options.enqueue;
  if (isElsewhere && concurrency !== undefined) {
    throw misused("--concurrency is for what this process does itself");
  }
}

function misused(message: string): MediaError {
  return new MediaError("invalid_body", message);
}

type Results = AsyncGenerator<WarmResult>;

async function run(options: WarmOptions, standard: Outputs | undefined): Promise<void> {
  const isRemote = options.service !== undefined;
  const needsStore = !isRemote || options.prefix !== undefined;
  collectLessOften();
  const stop = createStop();
  if (!needsStore) {
    const list = listLines(options.from ?? "-", standard);
    await report(list, { options, stop, work: remotely(options) });
    return;
  }
  const config = readConfig("warm up");
  if (!config) return;
  const patient = withoutTimeouts(config);
  const service = await createService(patient, logToErrors());
  const list =
    options.prefix !== undefined && standard
      ? listPrefix({
          originals: service.originalsStore,
          prefix: options.prefix,
          variantsRoot: config.prefix.root,
          want: standard,
        })
      : listLines(options.from ?? "-", standard);
  if (isRemote) {
    await report(list, { options, stop, work: remotely(options) });
    return;
  }
  if (options.enqueue) {
    await withQueue(config, (queue) => enqueue(cut(list, options), queue, stop));
    return;
  }
  const work = createExclusiveWarmer(
    service,
    patient,
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
  await reportOn(cut(list, options), { options, stop, work: isLenient ? both : work });
}

function cut(list: WarmList, { shard }: WarmOptions): WarmList {
  return shard === undefined ? list : cutShard(list, parseShard(shard));
}

function remotely({ service = "" }: WarmOptions): (entries: AsyncIterable<WarmEntry>) => Results {
  if (!/^https?:\/\/[^?#]+$/.test(service)) {
    throw misused(`--service must be an http or https URL, got "${service}"`);
  }
  const token = process.env["ADMIN_TOKEN"] || undefined;
  return (entries) => warmRemotely({ url: service, token }, entries);
}
