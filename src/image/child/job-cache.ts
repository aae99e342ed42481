import type { ImageLimits } from "../input/limits.ts";
import type { TransformJob, TransformResult } from "../pipeline/pipeline.ts";
import { transformImage } from "../pipeline/pipeline.ts";
import type { Sharing } from "../share/sharing.ts";
import type { RunOptions } from "../worker.ts";

/** Makes one variant after the other, and keeps what the next one is to have of the last. */
export interface Desk {
  run(
    job: TransformJob,
    options: Omit<RunOptions, "signal"> & { readonly limits: ImageLimits },
  ): Promise<TransformResult>;
  /** The original of the last job, if another one is to follow. */
  original(): Uint8Array | undefined;
  clear(): void;
}

export function createDesk(): Desk {
  let original: Uint8Array | undefined;
  let kept: Pick<Sharing, "decoded" | "finished"> = {};
  const clear = (): void => {
    original = undefined;
    kept = {};
  };
  return {
    run: async (job, { limits, follow, isTwinned, onSlow }) => {
      if (job.bytes !== original) clear();
      const sharing: Sharing = { isWanted: follow === "decode", isTwinned, ...kept };
      // kept by nothing but the job: while it has none, it may be needed for the next one's
      clear();
      try {
        return await transformImage(job, { limits, sharing, onSlow });
      } finally {
        if (follow !== "nothing") {
          original = job.bytes;
          const { decoded, finished } = sharing;
          kept = { ...(sharing.isWanted && { decoded }), ...(isTwinned && { finished }) };
        }
      }
    },
    original: () => original,
    clear,
  };
}
