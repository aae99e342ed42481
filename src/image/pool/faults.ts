import { MediaError } from "../../errors.ts";
import type { WorkerDied } from "../worker.ts";

/** Twice in a row is no accident: too little memory, or a decoder that crashes. */
export function blame(error: WorkerDied): MediaError {
  if (error.isKilled) {
    const problem = "the image process was killed, try again later";
    return new MediaError("overloaded", problem, { cause: error });
  }
  const problem = "the image cannot be made within the memory that one may have";
  return new MediaError("unusable_original", problem, { cause: error });
}

export function tooLong(ms: number): MediaError {
  return new MediaError("timeout", `the transform took longer than ${ms} ms`);
}

/** Nothing is wrong with the service: this is what was asked for. */
export function tooSlow(problem: string, cause: unknown): MediaError {
  const advice = "ask for a smaller image or another format";
  return new MediaError("unusable_original", `${problem}: ${advice}`, { cause });
}

export function stopping(): MediaError {
  return new MediaError("overloaded", "the service is stopping");
}
