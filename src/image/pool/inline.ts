import { orAbort } from "../../async/abort.ts";
import { JobCache } from "../child/job-cache.ts";
import { ENGINE, prepareEngine } from "../sharp/engine.ts";
import type { ImageLimits } from "../input/limits.ts";
import { OutOfMemory } from "../pipeline/pipeline.ts";
import type { ImageWorker } from "../worker.ts";
import { WorkerDied } from "../worker.ts";

/**
 * Makes variants in this process, where there can be no other: in a function that is billed by the request, for
 * example. A job that hangs cannot be stopped here. Its caller is answered in time, and the next job waits for it.
 */
export async function startInlineWorker(limits: ImageLimits): Promise<ImageWorker> {
  await prepareEngine();
  const cache = new JobCache();
  let last: Promise<unknown> = Promise.resolve();
  return {
    engine: ENGINE,
    run: (job, options) => {
      const { signal } = options;
      const current = last.then(() => {
        signal.throwIfAborted(); // its caller has left
        return cache.run(job, { ...options, limits });
      });
      last = current.catch(() => undefined); // its caller gets the error
      return orAbort(current, signal).catch((error: unknown) => {
        throw error instanceof OutOfMemory ? new WorkerDied(error.message) : error;
      });
    },
    forget: () => void last.then(() => cache.clear()),
    isFit: () => true,
    stop: () => {},
  };
}
