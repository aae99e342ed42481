import type { ListOptions, ObjectStore, PutOptions, PutResult } from "../../../src/store/store.ts";

const ANY_SIZE = 4 * 1024 * 1024;
export const TEXT: PutOptions = { contentType: "text/plain" };

/** Keys that not every store can hold. A store must refuse those that it cannot. */
export interface Capabilities {
  /** `a//b` */
  readonly emptySegments: boolean;
  /** More than 255 bytes between two slashes. */
  readonly longSegments: boolean;
  /** `a` beside `a/b`. */
  readonly nestedKeys: boolean;
}

/** A store under test, and what the tests do with it. */
export interface Subject {
  readonly store: ObjectStore;
  newFolder(): string;
  putText(key: string, text: string, options?: Partial<PutOptions>): Promise<PutResult>;
  /** The text of an object, or the kind of the answer. */
  getText(key: string): Promise<string>;
  /** Makes objects that hold their own keys. */
  putNamed(keys: readonly string[]): Promise<void>;
}

export function createSubject(run: string, getStore: () => ObjectStore): Subject {
  let folders = 0;
  const putText: Subject["putText"] = (key, text, options) =>
    getStore().put(key, Buffer.from(text), { ...TEXT, ...options });
  return {
    get store() {
      return getStore();
    },
    newFolder: () => `${run}${(folders += 1)}/`,
    putText,
    getText: async (key) => {
      const result = await getStore().get(key, { maxBytes: ANY_SIZE });
      return result.kind === "found" ? Buffer.from(result.bytes).toString() : result.kind;
    },
    putNamed: (keys) =>
      eachOf(keys, async (key) => {
        await putText(key, key);
      }),
  };
}

export function etagOf(result: PutResult): string {
  if (result.kind !== "stored") throw new Error(`expected a stored object, got ${result.kind}`);
  return result.etag;
}

export async function listAll(
  store: ObjectStore,
  options: ListOptions,
): Promise<readonly string[]> {
  const { keys, cursor } = await store.list(options);
  if (cursor === undefined) return keys;
  return [...keys, ...(await listAll(store, { ...options, cursor }))];
}

/** A few dozen at a time, as a store is used. */
async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const lane = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: 32 }, lane));
}
