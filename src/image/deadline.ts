import { MediaError } from "../errors.ts";

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

export interface Deadline {
  readonly signal: AbortSignal;
  clear(): void;
}

/** Unlike `AbortSignal.timeout` it can be called off, and says what has happened. */
export function createDeadline(ms: number): Deadline {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(new MediaError("timeout", `the transform took longer than ${ms} ms`));
  }, ms);
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}
