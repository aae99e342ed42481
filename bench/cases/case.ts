import type { Options } from "../options.ts";
import type { Originals } from "../originals.ts";
import type { Server } from "../processes.ts";
import type { Row } from "../report.ts";
import type { Environment } from "../service.ts";
import { startService } from "../service.ts";

/** The things that a case works with. */
export interface Bench {
  readonly options: Options;
  readonly originals: Originals;
  /** Prints a row as soon as it is known. */
  readonly add: (row: Row) => void;
}

export type Case = (bench: Bench) => Promise<void>;

/** Something that has to be stopped, whatever happens. */
interface Stoppable {
  stop(): Promise<void>;
}

export async function using<T extends Stoppable, R>(
  started: Promise<T>,
  work: (one: T) => Promise<R>,
): Promise<R> {
  const one = await started;
  try {
    return await work(one);
  } finally {
    await one.stop();
  }
}

/** Runs the service, without variants at first. */
export function usingService<R>(
  { options, originals }: Bench,
  work: (service: Server) => Promise<R>,
  environment: Environment = {},
): Promise<R> {
  return using(startService(options, originals, environment), work);
}
