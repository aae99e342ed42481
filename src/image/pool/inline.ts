import { orAbort } from "../../abort.ts";
import { createDesk } from "../child/job-cache.ts";
import { ENGINE, prepareEngine } from "../sharp/engine.ts";
import type { ImageLimits } from "../input/limits.ts";
import { OutOfMemory } from "../pipeline/pipeline.ts";
import type { Worker } from "../worker.ts";
import { WorkerDied } from "../worker.ts";

/**
 * Makes variants in this process, for where there can be no other, such as a function that is billed by
 * the request. A job that hangs cannot be stopped here: its caller is answered in time, and the next job
 * waits for it.
 */
export async function startInlineWorker(limits: ImageLimits): Promise<Worker> {
  await prepareEngine();
  const desk = createDesk();
  let last: Promise<unknown> = Promise.resolve();
  return {
    engine: ENGINE,
    run: (job, options) => {
      const { signal } = options;
      const current = last.then(() => {
        signal.throwIfAborted(); // nobody waits for it any more
        return desk.run(job, { ...options, limits });
      });
      last = current.catch(() => undefined); // its caller hears of it
      return orAbort(current, signal).catch((error: unknown) => {
        throw error instanceof OutOfMemory ? new WorkerDied(error.message) : error;
      });
    },
    release: () => void last.then(desk.clear),
    isFit: () => true,
    stop: () => {},
  };
}
