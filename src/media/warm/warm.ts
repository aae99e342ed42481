import { anySignal, orAbort } from "../../abort.ts";
import type { Bell } from "../../concurrency/notifier.ts";
import { createBell } from "../../concurrency/notifier.ts";
import type { Turns } from "../../concurrency/semaphore.ts";
import { createTurns } from "../../concurrency/semaphore.ts";
import { joinNeighbours } from "./group.ts";
import type { WarmEntry, WarmRequest } from "./order.ts";
import type { WarmFinder, WarmResult } from "./result.ts";
import { describeError, findWithRetry } from "./result.ts";
import type { ResolvedOutput, WarmRules } from "./resolve.ts";
import { resolveWarmRequest } from "./resolve.ts";

export interface WarmDeps extends WarmFinder {
  readonly rules: WarmRules;
  /** How many originals may be at work at a time, and how many variants of them, over all runs. */
  readonly atOnce: { readonly originals: number; readonly variants: number };
  /** Milliseconds since some beginning. */
  readonly now: () => number;
}

/**
 * Makes variants ahead of time: all of one original together, and of few originals at a time. Results
 * come as they are had, in no order; whoever takes them slowly has them made slowly.
 *
 * @param signal whoever wanted them has gone: what has not begun is not begun, and the results end
 */
export type Warm = (
  entries: AsyncIterable<WarmEntry>,
  signal: AbortSignal,
) => AsyncGenerator<WarmResult>;

interface State extends WarmDeps {
  readonly originalSlots: Turns;
  readonly variantSlots: Turns;
}

export function createWarmer(deps: WarmDeps): Warm {
  const state = {
    ...deps,
    originalSlots: createTurns(deps.atOnce.originals),
    variantSlots: createTurns(deps.atOnce.variants),
  };
  return (entries, signal) => warm(state, entries, signal);
}

interface Run {
  readonly signal: AbortSignal;
  /** Results that nobody has taken yet. */
  readonly ready: WarmResult[];
  /** Rings for each result, and for each original that is done. */
  readonly bell: Bell;
  /** Originals at work, each with what ends it. */
  readonly atWork: Set<AbortController>;
  isReading: boolean;
  /** There are no more entries. */
  isOver: boolean;
  /** The entries cannot be read any further. */
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
    bell: createBell(),
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
    yield* work(state, run, iterator);
  } finally {
    ended.abort();
    // not to be waited for: it may itself wait for a line that never comes
    iterator.return(undefined).catch(() => undefined);
  }
}

async function* work(
  state: State,
  run: Run,
  iterator: AsyncIterator<WarmEntry>,
): AsyncGenerator<WarmResult> {
  while (!run.signal.aborted) {
    for (let result = run.ready.shift(); result; result = run.ready.shift()) yield result;
    if (run.failure) throw run.failure.error;
    if (run.isOver && run.atWork.size === 0) return;
    readOn(state, run, iterator);
    await untilAborted(run.bell.hasRung(), run.signal);
  }
}

/** Begins with the next entry, once there is one, and if there is room for it. */
function readOn(state: State, run: Run, iterator: AsyncIterator<WarmEntry>): void {
  if (run.isOver || run.isReading || run.atWork.size >= state.atOnce.originals) return;
  run.isReading = true;
  const take = (next: IteratorResult<WarmEntry>): void => {
    run.isReading = false;
    if (run.signal.aborted) return;
    if (next.done) run.isOver = true;
    else begin(state, run, next.value);
    run.bell.ring();
  };
  iterator.next().then(take, (error: unknown) => {
    run.failure = { error };
    run.bell.ring();
  });
}

/** Resolves, too, when whoever waits has gone. */
async function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  await orAbort(promise, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

function begin(state: State, run: Run, entry: WarmEntry): void {
  const tell = (result: WarmResult): void => {
    run.ready.push(result);
    run.bell.ring();
  };
  if ("problem" in entry) {
    tell({ status: "failed", line: entry.line, ...describeError(entry.problem) });
    return;
  }
  const controller = new AbortController();
  run.atWork.add(controller);
  const leave = (): void => {
    run.atWork.delete(controller);
    run.bell.ring();
  };
  const { signal } = controller;
  const fail = (error: unknown): void => {
    // whoever wanted it has gone
    if (!signal.aborted) tell({ status: "failed", key: entry.key, ...describeError(error) });
  };
  void warmOriginal(state, { order: entry, signal, tell }).catch(fail).then(leave);
}

interface Task {
  readonly order: WarmRequest;
  readonly signal: AbortSignal;
  readonly tell: (result: WarmResult) => void;
}

async function warmOriginal(state: State, { order, signal, tell }: Task): Promise<void> {
  const { key } = order;
  const giveBack = await state.originalSlots.take(signal);
  try {
    const all = resolveWarmRequest(order, state.rules).map(async (wanted) => {
      if ("request" in wanted) {
        const own = AbortSignal.any([signal]); // without a listener for each
        const { status, ...result } = await warmVariant(state, wanted, own);
        tell({ status, key, ...result });
        return;
      }
      const { problem, ...about } = wanted;
      tell({ status: "failed", key, ...about, ...describeError(problem) });
    });
    await Promise.all(all);
  } finally {
    giveBack();
  }
}

type Settled = Extract<ResolvedOutput, { request: unknown }>;

async function warmVariant(
  state: State,
  { transform, request }: Settled,
  signal: AbortSignal,
): Promise<WarmResult> {
  const giveBack = await state.variantSlots.take(signal);
  const start = state.now();
  try {
    const outcome = await findWithRetry(state, request, signal);
    const ms = Math.round(state.now() - start);
    const { format, variantKey: variant } = request;
    return { ...outcome, transform, format, variant, ms };
  } finally {
    giveBack();
  }
}
