import type { ImageLimits } from "../input/limits.ts";
import type { TransformJob, TransformResult } from "../pipeline/pipeline.ts";
import { transformImage } from "../pipeline/pipeline.ts";
import type { Sharing } from "../share/sharing.ts";
import type { RunOptions } from "../worker.ts";

interface CachedJobOptions extends Omit<RunOptions, "signal"> {
  readonly limits: ImageLimits;
}

/** Makes one variant after the other, and keeps of each what the next one shares with it. */
export class JobCache {
  #original: Uint8Array | undefined;
  #shared: Pick<Sharing, "decoded" | "finished"> = {};

  /** The original of the last job, if it was kept for the next. */
  get original(): Uint8Array | undefined {
    return this.#original;
  }

  async run(
    job: TransformJob,
    { limits, next, sharesImage, onSlow }: CachedJobOptions,
  ): Promise<TransformResult> {
    if (job.bytes !== this.#original) this.clear();
    const sharing: Sharing = { sharesDecode: next === "decode", sharesImage, ...this.#shared };
    // drop our references first, so that pixels can be freed that this job does not reuse
    this.clear();
    try {
      return await transformImage(job, { limits, sharing, onSlow });
    } finally {
      if (next !== "nothing") {
        const { decoded, finished } = sharing;
        this.#original = job.bytes;
        this.#shared = {
          ...(sharing.sharesDecode && { decoded }),
          ...(sharesImage && { finished }),
        };
      }
    }
  }

  clear(): void {
    this.#original = undefined;
    this.#shared = {};
  }
}
