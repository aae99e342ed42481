import { MediaError } from "../../errors.ts";
import type { ImageLimits } from "../input/limits.ts";
import { OutOfMemory, transformImage } from "../pipeline/pipeline.ts";
import type { SharingPlan } from "../share/decode-group.ts";
import { planSharing } from "../share/decode-group.ts";
import type { Sharing } from "../share/sharing.ts";
import type { BatchOutput, WorkerMessage } from "../worker.ts";
import { WorkerDied } from "../worker.ts";

interface BatchRunnerOptions {
  /** The original. */
  readonly bytes: Uint8Array;
  readonly limits: ImageLimits;
  readonly onMessage: (message: WorkerMessage) => void;
}

interface PlannedOutput extends BatchOutput {
  readonly plan: SharingPlan;
}

/**
 * Makes the outputs of one original, one at a time. Each begins with the pixels that the one before has decoded or
 * finished, as far as it would have the same ones alone.
 */
export class BatchRunner {
  readonly #options: BatchRunnerOptions;
  #pending: PlannedOutput[] = [];
  #shared: Pick<Sharing, "decoded" | "finished"> = {};
  #isRunning = false;

  constructor(options: BatchRunnerOptions) {
    this.#options = options;
  }

  add(outputs: readonly BatchOutput[]): void {
    const { bytes } = this.#options;
    const planned = outputs.map((each) => ({ ...each, plan: planSharing({ ...each, bytes }) }));
    this.#pending.push(...planned);
  }

  /** Drops those of these outputs that have not begun, and says which. */
  drop(ids: readonly number[]): void {
    const dropped = this.#pending.filter(({ id }) => ids.includes(id)).map(({ id }) => id);
    this.#pending = this.#pending.filter(({ id }) => !dropped.includes(id));
    this.#options.onMessage({ kind: "dropped", ids: dropped });
  }

  /** Drops all that have not begun, and says nothing. */
  clear(): void {
    this.#pending = [];
  }

  /** Makes all outputs that there are, also those that are added meanwhile. Never rejects. */
  async run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    let output = pickNext(this.#pending);
    while (output) {
      this.#pending = this.#pending.filter((other) => other !== output);
      this.#options.onMessage({ kind: "begun", id: output.id });
      await this.#make(output);
      output = pickNext(this.#pending, output.plan);
    }
    this.#isRunning = false;
  }

  async #make({ plan, ...output }: PlannedOutput): Promise<void> {
    const { bytes, limits, onMessage } = this.#options;
    const { id } = output;
    const sharing: Sharing = {
      sharesDecode: plan.shrink !== undefined && this.#isNeeded(plan.shrink),
      sharesImage: this.#isNext(plan),
      ...this.#shared,
    };
    // drop our references first, so that pixels can be freed that this output does not reuse
    this.#shared = {};
    try {
      const onSlow = (what: string): void => onMessage({ kind: "slow", id, what });
      const result = await transformImage({ ...output, bytes }, { limits, sharing, onSlow });
      onMessage({ kind: "ended", id, result });
    } catch (error) {
      onMessage(toFailure(id, error));
    }
    const { decoded, finished } = sharing;
    this.#shared = {
      ...(this.#isNeeded(decoded?.shrink) && { decoded }),
      ...(this.#isNext(plan) && { finished }),
    };
  }

  #isNeeded(shrink: number | undefined): boolean {
    return this.#pending.some(({ plan }) => plan.shrink === shrink);
  }

  /** True if the next output encodes the same image. */
  #isNext(plan: SharingPlan): boolean {
    const next = pickNext(this.#pending, plan)?.plan.imageKey;
    return next !== undefined && next === plan.imageKey;
  }
}

function toFailure(id: number, error: unknown): WorkerMessage {
  if (error instanceof OutOfMemory) return { kind: "died", error: new WorkerDied(error.message) };
  if (error instanceof MediaError) return { kind: "failed", id, error };
  const failure = new MediaError("internal", "the transform failed", { cause: error });
  return { kind: "failed", id, error: failure };
}

/**
 * Picks the output that shares most with the last one, of those that are quick while there are any: heavy ones keep
 * others waiting.
 */
function pickNext(
  pending: readonly PlannedOutput[],
  last?: SharingPlan,
): PlannedOutput | undefined {
  const rank = ({ plan: { shrink, imageKey, isHeavy } }: PlannedOutput): number => {
    const isSameImage = imageKey !== undefined && imageKey === last?.imageKey;
    const isSameDecode = shrink !== undefined && shrink === last?.shrink;
    return (isHeavy ? 0 : 3) + (isSameImage ? 2 : isSameDecode ? 1 : 0);
  };
  return pending.toSorted((one, other) => rank(other) - rank(one))[0];
}
