import { anySignal, orAbort } from "../../async/abort.ts";
import { Notifier } from "../../async/notifier.ts";
import { Semaphore } from "../../async/semaphore.ts";
import { joinNeighbours } from "./group.ts";
import type { WarmEntry, WarmRequest } from "./request.ts";
import type { ResolvedOutput, WarmRules } from "./resolve.ts";
import { resolveWarmRequest } from "./resolve.ts";
import type { WarmFinder, WarmResult } from "./result.ts";
import { describeError, findWithRetry } from "./result.ts";

export interface WarmDeps extends WarmFinder {
  readonly rules: WarmRules;
  /** How many originals may be at work at the same time, and how many variants of them, over all runs. */
  readonly atOnce: { readonly originals: number; readonly variants: number };
  /** Milliseconds since some beginning. */
  readonly now: () => number;
}

/**
 * Makes variants ahead of time: all of one original together, and of few originals at the same time. Results
 * come as they are ready, in no order; a slow reader of the results slows the work down.
 *
 * @param signal ends the results; work that has not begun is not begun
 */
export type Warm = (
  entries: AsyncIterable<WarmEntry>,
  signal: AbortSignal,
) => AsyncGenerator<WarmResult>;

interface State extends WarmDeps {
  readonly originalSlots: Semaphore;
  readonly variantSlots: Semaphore;
}

export function createWarmer(deps: WarmDeps): Warm {
  const state = {
    ...deps,
    originalSlots: new Semaphore({ limit: deps.atOnce.originals }),
    variantSlots: new Semaphore({ limit: deps.atOnce.variants }),
  };
  return (entries, signal) => warm(state, entries, signal);
}

interface Run {
  readonly signal: AbortSignal;
  /** Results that the reader has not taken yet. */
  readonly ready: WarmResult[];
  /** Notifies of each result, each entry that was read, and each original that is done. */
  readonly progress: Notifier;
  /** Ends the work on one original each. */
  readonly atWork: Set<AbortController>;
  isReading: boolean;
  /** There are no more entries. */
  isOver: boolean;
  /** Why no more entries can be read. */
  failure?: { readonly error: unknown };
}

async function* warm(
  state: State,
  entries: AsyncIterable<WarmEntry>,
  signal: AbortSignal,
): AsyncGenerator<WarmResult> {
  const ended = new AbortController();
  const both = anySignal([signal, ended.signal]);
  const run: Run = {
    signal: both,
    ready: [],
    progress: new Notifier(),
    atWork: new Set(),
    isReading: false,
    isOver: false,
  };
  // one listener, however many variants there are
  both.addEventListener("abort", () => {
    for (const controller of run.atWork) controller.abort(both.reason);
  });
  const iterator = joinNeighbours(entries);
  try {
    yield* yieldResults(state, run, iterator);
  } finally {
    ended.abort();
    // not awaited: it may wait for a line that never comes
    iterator.return(undefined).catch(() => undefined);
  }
}

async function* yieldResults(
  state: State,
  run: Run,
  iterator: AsyncIterator<WarmEntry>,
): AsyncGenerator<WarmResult> {
  while (!run.signal.aborted) {
    for (let result = run.ready.shift(); result; result = run.ready.shift()) yield result;
    if (run.failure) throw run.failure.error;
    if (run.isOver && run.atWork.size === 0) return;
    readNext(state, run, iterator);
    await untilAborted(run.progress.wait(), run.signal);
  }
}

/** Begins with the next entry as soon as it is read, if there is room for one. */
function readNext(state: State, run: Run, iterator: AsyncIterator<WarmEntry>): void {
  if (run.isOver || run.isReading || run.atWork.size >= state.atOnce.originals) return;
  run.isReading = true;
  const take = (next: IteratorResult<WarmEntry>): void => {
    run.isReading = false;
    if (run.signal.aborted) return;
    if (next.done) run.isOver = true;
    else begin(state, run, next.value);
    run.progress.notify();
  };
  iterator.next().then(take, (error: unknown) => {
    run.failure = { error };
    run.progress.notify();
  });
}

/** Resolves with the promise, or when the signal fires. */
async function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  await orAbort(promise, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

function begin(state: State, run: Run, entry: WarmEntry): void {
  const report = (result: WarmResult): void => {
    run.ready.push(result);
    run.progress.notify();
  };
  if ("problem" in entry) {
    report({ status: "failed", line: entry.line, ...describeError(entry.problem) });
    return;
  }
  const controller = new AbortController();
  run.atWork.add(controller);
  const leave = (): void => {
    run.atWork.delete(controller);
    run.progress.notify();
  };
  const { signal } = controller;
  const fail = (error: unknown): void => {
    if (signal.aborted) return; // the reader has gone
    report({ status: "failed", key: entry.key, ...describeError(error) });
  };
  const work = (): Promise<void> => warmOriginal(state, { request: entry, signal, report });
  void state.originalSlots.run(work, { signal }).catch(fail).then(leave);
}

interface Task {
  readonly request: WarmRequest;
  readonly signal: AbortSignal;
  readonly report: (result: WarmResult) => void;
}

async function warmOriginal(state: State, { request, signal, report }: Task): Promise<void> {
  const { key } = request;
  const all = resolveWarmRequest(request, state.rules).map(async (output) => {
    if ("request" in output) {
      const own = AbortSignal.any([signal]); // without a listener on the shared one
      const { status, ...result } = await state.variantSlots.run(
        () => warmVariant(state, output, own),
        { signal: own },
      );
      report({ status, key, ...result });
      return;
    }
    const { problem, ...about } = output;
    report({ status: "failed", key, ...about, ...describeError(problem) });
  });
  await Promise.all(all);
}

async function warmVariant(
  state: State,
  { transform, request }: Extract<ResolvedOutput, { request: unknown }>,
  signal: AbortSignal,
): Promise<WarmResult> {
  const start = state.now();
  const outcome = await findWithRetry(state, request, signal);
  const ms = Math.round(state.now() - start);
  const { format, variantKey: variant } = request;
  return { ...outcome, transform, format, variant, ms };
}
