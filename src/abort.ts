/**
 * The promise's outcome, or the signal's reason if that comes first.
 *
 * @param leave called in the latter case
 */
export function orAbort<T>(
  promise: Promise<T>,
  signal: AbortSignal,
  leave?: () => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      leave?.();
      reject(signal.reason);
    };
    if (signal.aborted) {
      abort();
      promise.catch(() => {});
      return;
    }
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/**
 * Fires with the first of these. `AbortSignal.any` does not keep its sources: a time-out that nothing else
 * refers to is collected, and then never comes (nodejs/node#57736).
 */
export function anySignal(signals: readonly AbortSignal[]): AbortSignal {
  const controller = new AbortController();
  for (const signal of signals) {
    const abort = (): void => controller.abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true, signal: controller.signal });
  }
  return controller.signal;
}

/** A time-out that can be called off. */
export interface Timeout {
  readonly signal: AbortSignal;
  clear(): void;
}

/**
 * Fires as `AbortSignal.timeout` does. That one, once it has a listener, is kept with all that the listener
 * refers to until it fires, however long ago that was done which it bounds.
 */
export function createTimeout(
  ms: number,
  createReason: (ms: number) => Error = createTimeoutError,
): Timeout {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(createReason(ms)), ms);
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}

function createTimeoutError(ms: number): Error {
  const error = new Error(`it took longer than ${ms} ms`);
  error.name = "TimeoutError";
  return error;
}

export function pause(ms: number): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), ms);
  });
}
