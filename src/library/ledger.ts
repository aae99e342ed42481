import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { Semaphore } from "../async/semaphore.ts";
import { MediaError } from "../errors.ts";
import type { ObjectInfo, ObjectStore } from "../store/store.ts";
import { PUT_ID } from "../media/originals/put-id.ts";
import { Refused } from "./refusal.ts";

/** How much is kept. */
export interface Usage {
  readonly items: number;
  readonly bytes: number;
}

/** A write or a deletion that is under way. */
interface OpenEntry {
  readonly kind: "put" | "delete";
  readonly key: string;
  /** Of the object that is written or deleted: another one may be under the key. */
  readonly putId: string | undefined;
  readonly bytes: number;
  /** When it must have ended, in milliseconds since 1970. */
  readonly until: number;
}

/** A file that is counted. */
export interface CountedFile {
  readonly key: string;
  readonly putId: string | undefined;
  /** In bytes. */
  readonly bytes: number;
}

/** The content of a ledger object: the sum of what has ended, and what is under way, by an id of its own. */
interface Book extends Usage {
  readonly open: Readonly<Record<string, OpenEntry>>;
}

interface LedgerOptions {
  readonly store: ObjectStore;
  /** Of the ledger object. */
  readonly key: string;
  readonly limits: { readonly bytes?: number; readonly items?: number };
  /** Names what is limited, for refusals: `"ann"`. */
  readonly holder: string;
  /** Counts all files but those that are left out. */
  readonly count: (without: { has(key: string): boolean }) => Promise<Usage>;
}

/** A write or a deletion has ended after this long; then the ledger looks what became of it. */
const OPEN_MS = 3_600_000;
/** A ledger has at most a few kilobytes: what is under way at the same time. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Each attempt loses only to another one that has won. */
const MAX_ATTEMPTS = 200;
const MAX_PAUSE_MS = 50;

/**
 * Counts what is kept, in an object that is changed on condition of its ETag. A file is reserved before it is written and
 * counted after, and the other way round for deletions. So a process may end anywhere: what it has left open is
 * looked up when its time is over.
 */
export class Ledger {
  readonly #options: LedgerOptions;
  /** Writers of this process wait here, and do not race. */
  readonly #turn = new Semaphore({ limit: 1 });

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  /**
   * Makes room for a file that is going to be written.
   *
   * @returns the id of the entry, to be closed when the write has ended
   * @throws Refused `quota`
   */
  async reserve(file: CountedFile): Promise<string> {
    const id = randomUUID();
    await this.#change((book) => {
      this.#checkRoom(book, file.bytes);
      return open(book, { [id]: toEntry("put", file) });
    });
    return id;
  }

  /** Says that files are going to be deleted, or written whatever room there is; gives the ids of the entries. */
  async begin(kind: OpenEntry["kind"], files: readonly CountedFile[]): Promise<readonly string[]> {
    const entries = files.map((file) => [randomUUID(), toEntry(kind, file)] as const);
    await this.#change((book) => open(book, Object.fromEntries(entries)));
    return entries.map(([id]) => id);
  }

  /** Looks what became of writes and deletions that have ended, and counts it. */
  async close(ids: readonly string[]): Promise<void> {
    await this.#change((book) => this.#closeAll(book, ids));
  }

  /** Counts anew from a listing of the store. */
  async recount(): Promise<Usage> {
    const { items, bytes } = await this.#change((book) => this.#countAround(book));
    return { items, bytes };
  }

  #checkRoom({ items, bytes, open: underway }: Book, more: number): void {
    const puts = Object.values(underway).filter(({ kind }) => kind === "put");
    const { limits, holder } = this.#options;
    const allItems = items + puts.length + 1;
    const allBytes = bytes + puts.reduce((sum, put) => sum + put.bytes, more);
    if (limits.items !== undefined && allItems > limits.items) {
      throw new Refused("quota", `${holder} may keep ${limits.items} files, delete some first`);
    }
    if (limits.bytes !== undefined && allBytes > limits.bytes) {
      throw new Refused("quota", `${holder} may keep ${limits.bytes} bytes, delete files first`);
    }
  }

  /** Counts what is there, and closes what has ended; no entry is begun meanwhile, or this change comes to nothing. */
  async #countAround({ open: underway }: Pick<Book, "open">): Promise<Book> {
    const entries = Object.entries(underway);
    const infos = new Map<string, ObjectInfo | undefined>();
    for (const [, { key }] of entries) infos.set(key, undefined);
    let { items, bytes } = await this.#options.count(infos);
    for (const key of infos.keys()) {
      const info = await this.#options.store.head(key);
      infos.set(key, info);
      if (!info) continue;
      items += 1;
      bytes += info.size;
    }
    const left = entries.filter(([, entry]) => !hasEnded(entry, infos.get(entry.key)));
    return { items, bytes, open: Object.fromEntries(left) };
  }

  /** Changes the ledger, however many others do at the same time. */
  #change(change: (book: Book) => Book | Promise<Book>): Promise<Book> {
    const { store, key } = this.#options;
    return this.#turn.run(async () => {
      for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
        const { book, etag } = await this.#read();
        const next = await change(await this.#closeLate(book));
        const result = await store.put(key, new TextEncoder().encode(JSON.stringify(next)), {
          contentType: "application/json",
          condition: etag === undefined ? "absent" : { etag },
        });
        if (result.kind === "stored") return next;
        if (result.kind === "condition_unsupported") throw needsConditions();
        await pause(Math.random() * MAX_PAUSE_MS);
      }
      throw new MediaError("overloaded", "too many change this quota at the same time, try again");
    });
  }

  async #read(): Promise<{ readonly book: Book; readonly etag: string | undefined }> {
    const { store, key } = this.#options;
    const found = await store.get(key, { maxBytes: MAX_BYTES });
    if (found.kind === "found") {
      const book = JSON.parse(new TextDecoder().decode(found.bytes)) as Book; // only a ledger writes there
      return { book, etag: found.info.etag };
    }
    return { book: await this.#countAround({ open: {} }), etag: undefined };
  }

  /** Closes entries whose time is over: their process has ended. */
  #closeLate(book: Book): Promise<Book> {
    const late = Object.entries(book.open).filter(([, { until }]) => until <= Date.now());
    return this.#closeAll(
      book,
      late.map(([id]) => id),
    );
  }

  async #closeAll(book: Book, ids: readonly string[]): Promise<Book> {
    let now = book;
    for (const id of ids) {
      const { [id]: entry, ...rest } = now.open;
      if (!entry) continue;
      const info = await this.#options.store.head(entry.key);
      const sign = hasEnded(entry, info) ? (entry.kind === "put" ? 1 : -1) : 0;
      now = {
        items: Math.max(0, now.items + sign),
        bytes: Math.max(0, now.bytes + sign * entry.bytes),
        open: rest,
      };
    }
    return now;
  }
}

function toEntry(kind: OpenEntry["kind"], { key, putId, bytes }: CountedFile): OpenEntry {
  return { kind, key, putId, bytes, until: Date.now() + OPEN_MS };
}

/** A write has put its object there, a deletion has taken its object away. */
function hasEnded({ kind, putId }: OpenEntry, info: ObjectInfo | undefined): boolean {
  const isThere = info !== undefined && info.metadata[PUT_ID] === putId;
  return isThere === (kind === "put");
}

function open(book: Book, entries: Readonly<Record<string, OpenEntry>>): Book {
  return { ...book, open: { ...book.open, ...entries } };
}

function needsConditions(): MediaError {
  const problem = "a quota needs a store that checks If-Match, which this one does not";
  return new MediaError("store_failed", problem);
}

/**
 * Checks that a store refuses writes whose condition is not met; some ignore it in silence.
 *
 * @param folder where a probe may be written and deleted
 * @throws MediaError `store_failed` where it does not
 */
export async function probeConditions(store: ObjectStore, folder: string): Promise<void> {
  const key = `${folder}.probe-${randomUUID()}.json`;
  const bytes = new TextEncoder().encode("{}");
  const headers = { contentType: "application/json" };
  try {
    const conditions = [
      "absent",
      "absent",
      { etag: '"00000000000000000000000000000000"' },
    ] as const;
    const kinds: string[] = [];
    for (const condition of conditions) {
      kinds.push((await store.put(key, bytes, { ...headers, condition })).kind);
    }
    if (kinds.join() !== "stored,precondition_failed,precondition_failed") throw needsConditions();
  } finally {
    await store.delete([key]);
  }
}
