import type {
  ByteStream,
  ObjectInfo,
  ObjectStore,
  OpenOptions,
  OpenResult,
  PutOptions,
  PutResult,
} from "./store.ts";
import { pageKeys, tooLarge } from "./store.ts";

/** The same chunk size as in other stores. */
const CHUNK_BYTES = 64 * 1024;

interface Entry {
  readonly info: ObjectInfo;
  readonly bytes: Uint8Array;
}

/** A store in memory, for tests. */
export function createMemoryStore(): ObjectStore {
  const entries = new Map<string, Entry>();
  let writes = 0;
  return {
    probe: async () => undefined,
    head: async (key) => entries.get(key)?.info,
    get: async (key, { ifNoneMatch, maxBytes }) => {
      const entry = entries.get(key);
      if (!entry) return { kind: "missing", isDefinite: true };
      if (entry.info.etag === ifNoneMatch) return { kind: "not_modified" };
      if (entry.bytes.length > maxBytes) throw tooLarge(entry.bytes.length, maxBytes);
      return { kind: "found", ...entry };
    },
    open: async (key, options = {}) => open(entries.get(key), options),
    put: async (key, bytes, options) => {
      if (!isMet(options.condition, entries.get(key)?.info)) return { kind: "precondition_failed" };
      writes += 1;
      const etag = `"${writes}"`;
      // a copy: slice() of a Buffer would be a view
      entries.set(key, { info: toObjectInfo(etag, bytes, options), bytes: new Uint8Array(bytes) });
      return { kind: "stored", etag } satisfies PutResult;
    },
    delete: async (keys) => keys.forEach((key) => entries.delete(key)),
    list: async (options) => pageKeys(entries.keys(), options),
  };
}

function open(entry: Entry | undefined, { range, ifMatch }: OpenOptions): OpenResult {
  if (!entry) return { kind: "missing", isDefinite: true };
  const { info, bytes } = entry;
  const { first, last } = range ?? { first: 0, last: info.size - 1 };
  const hasChanged = ifMatch !== undefined && ifMatch !== info.etag;
  if (hasChanged || last >= info.size) return { kind: "changed" };
  return { kind: "found", info, body: streamBytes(bytes.subarray(first, last + 1)) };
}

function streamBytes(bytes: Uint8Array): ByteStream {
  return {
    close: () => {},
    async *[Symbol.asyncIterator]() {
      for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
        yield bytes.subarray(start, start + CHUNK_BYTES);
      }
    },
  };
}

/** Checks the condition of a write against the present object, if there is one. */
function isMet(
  condition: PutOptions["condition"],
  present: Pick<ObjectInfo, "etag"> | undefined,
): boolean {
  if (condition === undefined) return true;
  return condition === "absent" ? !present : present?.etag === condition.etag;
}

function toObjectInfo(etag: string, bytes: Uint8Array, options: PutOptions): ObjectInfo {
  const { contentType, cacheControl, contentDisposition, metadata = {} } = options;
  return {
    etag,
    size: bytes.length,
    contentType,
    ...(cacheControl && { cacheControl }),
    ...(contentDisposition && { contentDisposition }),
    metadata,
  };
}
