import { LRUCache } from "lru-cache";
import { orAbort } from "../../abort.ts";
import { MediaError } from "../../errors.ts";
import type {
  GetResult,
  LocateResult,
  ObjectInfo,
  ObjectStore,
  OpenOptions,
  OpenResult,
} from "../../store/store.ts";
import type { ByteBudget, Share } from "../../concurrency/byte-budget.ts";
import { noRoom } from "../../concurrency/byte-budget.ts";
import { createCoalescer } from "../../concurrency/coalesce.ts";
import type { Observe } from "../observe.ts";
import type { FileLocator, OriginalVersion } from "./locate.ts";
import { createFileLocator } from "./locate.ts";
import { fetchOriginal, openOriginalBody, getBytesToReserve } from "./fetch.ts";
import type { OpenBodies } from "../open-bodies.ts";

/** Bytes may serve others too, but where nobody knows their version not for long. */
const MAX_AGE_MS = 10_000;

export interface OriginalsDeps {
  readonly store: Pick<ObjectStore, "head" | "get" | "open" | "locate">;
  readonly streams: OpenBodies;
  readonly maxBytes: number;
  /** What all originals together may hold while they are read and transformed. */
  readonly budget: ByteBudget;
  /** What may be kept of those that nobody works on any more, in bytes. */
  readonly cacheBytes: number;
  readonly observe: Observe;
  /** Milliseconds since some beginning. */
  readonly now: () => number;
}

interface UseOptions {
  /** What the store has said of it: bytes of that version that are at hand need not be fetched. */
  readonly known?: OriginalVersion | undefined;
  /** Ends the wait for the original, and not the work on it. */
  readonly signal: AbortSignal;
}

/** What the store gives when it is not told what is known. */
type Original = Exclude<GetResult, { kind: "not_modified" }>;

/** An original, or where it is. */
export type OriginalOrFile = Original | LocateResult;

/** Lends originals out; those who want the same one at the same time share one request to the store. */
export interface Originals {
  /** Whether they are files of this machine. */
  readonly areFiles: boolean;
  /** What the store says of an original, without its bytes. @throws MediaError what the store throws */
  head(key: string, signal: AbortSignal): Promise<ObjectInfo | undefined>;
  /** The same of one that is about to be used: where it is, if it is a file, is found out on the way. */
  headToLease(key: string, signal: AbortSignal): Promise<OriginalVersion | undefined>;
  /**
   * Works on an original. Its bytes count against the budget until everybody's work is done, and are the
   * same array for all.
   *
   * @throws MediaError `too_large`, `overloaded`, what the store throws, and what `work` throws
   */
  use<T>(key: string, options: UseOptions, work: (original: Original) => Promise<T>): Promise<T>;
  /**
   * Reads an original as it is taken, without a share of the budget: it is sent and not held.
   *
   * @throws MediaError `too_large`, `overloaded`, and what the store throws
   */
  open(key: string, options: OpenOptions): Promise<OpenResult>;
  /**
   * The same, but of a store of files no more need be told than where it is, and how it begins: nothing is
   * held of it. Who finds that it has moved has to `use` it.
   */
  useOrLocate<T>(
    key: string,
    options: UseOptions,
    work: (original: OriginalOrFile) => Promise<T>,
  ): Promise<T>;
  /** Lets go of an original that has changed. */
  forget(key: string): void;
}

interface State extends OriginalsDeps {
  readonly loans: Map<string, Loan>;
  readonly kept: LRUCache<string, Kept>;
  /** Where the store's objects are files. */
  readonly located: FileLocator | undefined;
}

/** Bytes at hand. */
interface Kept {
  readonly found: Found;
  /** When the store was asked for them. */
  readonly since: number;
}

type Found = Extract<GetResult, { kind: "found" }>;

interface Loan {
  readonly result: Promise<Original>;
  /** Ends the request when nobody waits for it any more. */
  readonly controller: AbortController;
  /** When the store was asked for it. */
  readonly since: number;
  found: Found | undefined;
  isSettled: boolean;
  users: number;
  share: Share | undefined;
}

export function createOriginals(deps: OriginalsDeps): Originals {
  const { locate } = deps.store;
  const located = locate && createFileLocator({ ...deps, locate });
  const state: State = { ...deps, loans: new Map(), kept: createKept(deps), located };
  const peeks = createCoalescer<ObjectInfo | undefined>();
  const ask = (key: string, signal: AbortSignal): Promise<ObjectInfo | undefined> =>
    peeks.join(key, ({ abandoned }) => deps.store.head(key, abandoned), { signal });
  return {
    areFiles: located !== undefined,
    head: (key, signal) => ask(key, signal).catch(failSlowly),
    headToLease: (key, signal) => {
      const isNew = located && !located.has(key);
      return (isNew ? located.locateCurrent(key, signal) : ask(key, signal)).catch(failSlowly);
    },
    open: (key, options) => openOriginalBody(deps, key, options),
    use: (key, options, work) => use(state, key, { ...options, work }),
    useOrLocate: (key, options, work) => useOrLocate(state, key, { ...options, work }),
    forget: (key) => {
      located?.forget(key);
      const prefix = `${JSON.stringify(key)} `;
      for (const id of state.kept.keys()) if (id.startsWith(prefix)) state.kept.delete(id);
      for (const id of state.loans.keys()) if (id.startsWith(prefix)) state.loans.delete(id);
    },
  };
}

function createKept({ cacheBytes, now }: OriginalsDeps): LRUCache<string, Kept> {
  return new LRUCache({
    maxSize: Math.max(1, cacheBytes),
    sizeCalculation: ({ found }) => found.bytes.length + 1,
    ttl: MAX_AGE_MS,
    perf: { now },
    ttlResolution: 0,
  });
}

interface Use<Given, T> extends UseOptions {
  readonly work: (original: Given) => Promise<T>;
}

async function useOrLocate<T>(
  state: State,
  key: string,
  options: Use<OriginalOrFile, T>,
): Promise<T> {
  const { located, loans, kept } = state;
  const id = idOf(key, options.known);
  // bytes that are at hand are better still
  if (!located || loans.has(id) || kept.has(id)) return use(state, key, options);
  const found = await located.locate(key, options).catch(failSlowly);
  return options.work(found);
}

async function use<T>(
  state: State,
  key: string,
  { known, signal, work }: Use<Original, T>,
): Promise<T> {
  const { loans, now } = state;
  const id = idOf(key, known);
  const present = loans.get(id);
  const isYoung = present && now() - present.since < MAX_AGE_MS;
  const loan = isYoung ? present : lend(state, { key, id, known });
  loans.set(id, loan);
  loan.users += 1;
  try {
    return await work(await waitFor(loan, signal));
  } finally {
    loan.users -= 1;
    if (loan.users === 0) giveBack(state, id, loan);
  }
}

function giveBack({ loans, kept }: State, id: string, loan: Loan): void {
  if (!loan.isSettled) loan.controller.abort();
  loan.share?.release();
  if (loans.get(id) !== loan) return; // it is not to be used any more
  loans.delete(id);
  if (loan.found) kept.set(id, { found: loan.found, since: loan.since }, { start: loan.since });
}

function idOf(key: string, known: OriginalVersion | undefined): string {
  return `${JSON.stringify(key)} ${known?.etag ?? ""}`;
}

interface Wanted {
  readonly key: string;
  readonly id: string;
  readonly known: OriginalVersion | undefined;
}

function lend(state: State, { key, id, known }: Wanted): Loan {
  const controller = new AbortController();
  const { signal } = controller;
  const kept = state.kept.get(id);
  const read = async (): Promise<Original> => {
    // as much as it may have, unless that is known
    const share = await state.budget.take(kept ? 0 : getBytesToReserve(state, known), signal);
    loan.share = share;
    try {
      const result = kept?.found ?? (await fetchOriginal(state, key, signal));
      loan.isSettled = true;
      if (result.kind === "found") loan.found = result;
      return result;
    } finally {
      // those who wanted it may have gone before it had a share to give back
      share.resize(loan.found && loan.users > 0 ? loan.found.bytes.length : 0);
    }
  };
  const loan: Loan = {
    result: Promise.resolve().then(read),
    controller,
    since: kept?.since ?? state.now(),
    found: undefined,
    isSettled: false,
    users: 0,
    share: undefined,
  };
  return loan;
}

/** Who gives up leaves the others their answer: the store has a time-out of its own. */
async function waitFor(loan: Loan, signal: AbortSignal): Promise<Original> {
  try {
    return await orAbort(loan.result, signal);
  } catch (error) {
    // without a share it was never asked
    if (!(error instanceof MediaError) && !loan.share) throw noRoom();
    return failSlowly(error);
  }
}

function failSlowly(error: unknown): never {
  throw error instanceof MediaError ? error : tooSlow(error);
}

function tooSlow(cause: unknown): MediaError {
  return new MediaError("timeout", "the store did not answer in time", { cause });
}
