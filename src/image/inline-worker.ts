import { orAbort } from "../abort.ts";
import { ENGINE, prepareEngine } from "./engine.ts";
import type { ImageLimits } from "./gate.ts";
import { OutOfMemory, transformImage } from "./pipeline.ts";
import type { Worker } from "./worker.ts";
import { WorkerDied } from "./worker.ts";

/**
 * Makes variants in this process, for where there can be no other, such as a function that is billed by
 * the request. A job that hangs cannot be stopped here: its caller is answered in time, and the next job
 * waits for it.
 */
export async function startInlineWorker(limits: ImageLimits): Promise<Worker> {
  await prepareEngine();
  let last: Promise<unknown> = Promise.resolve();
  return {
    engine: ENGINE,
    run: (job, signal) => {
      const current = last.then(() => {
        signal.throwIfAborted(); // nobody waits for it any more
        return transformImage(job, limits);
      });
      last = current.catch(() => undefined); // its caller hears of it
      return orAbort(current, signal).catch((error: unknown) => {
        throw error instanceof OutOfMemory ? new WorkerDied(error.message) : error;
      });
    },
    isFit: () => true,
    stop: () => {},
  };
}
