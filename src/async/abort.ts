/**
 * Settles as the promise does, or rejects with the signal's reason if the signal fires first.
 *
 * @param leave called at once when the signal fires
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
 * Fires with the first of the signals. `AbortSignal.any` does not keep its sources alive: a time-out without other
 * references is collected, and never fires (nodejs/node#57736).
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

export function pause(ms: number): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), ms);
  });
}
