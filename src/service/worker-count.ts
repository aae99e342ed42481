import { availableParallelism } from "node:os";
import type { Config } from "../config/config.ts";

/** How many images are made at a time. */
export function getWorkerCount({ pool }: Pick<Config, "pool">): number {
  // libuv has four threads; were all of them taken by codecs, files and names would have to wait
  return pool.size === 0 ? Math.min(availableParallelism(), 2) : pool.size;
}
