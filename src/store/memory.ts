import { MediaError } from "../errors.ts";
import type {
  ByteSource,
  ByteStream,
  ObjectInfo,
  ObjectStore,
  OpenOptions,
  OpenResult,
  PutOptions,
  PutResult,
} from "./store.ts";
import { pageKeys, readChunks, tooLarge } from "./store.ts";

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
    put: async (key, given, options) => {
      const bytes = await collect(given);
      if (!isMet(options.condition, entries.get(key)?.info)) return { kind: "precondition_failed" };
      writes += 1;
      const etag = `"${writes}"`;
      entries.set(key, { info: toObjectInfo(etag, bytes, options), bytes });
      return { kind: "stored", etag } satisfies PutResult;
    },
    copy: async (from, to, options) => {
      const entry = entries.get(from);
      if (entry?.info.etag !== options.ifMatch) return { kind: "changed" };
      writes += 1;
      const etag = `"${writes}"`;
      const { bytes } = entry;
      entries.set(to, { info: toObjectInfo(etag, bytes, options), bytes });
      return { kind: "copied", etag };
    },
    delete: async (keys) => keys.forEach((key) => entries.delete(key)),
    list: async (options) => {
      const page = pageKeys(entries.keys(), options);
      if (!options.withSizes) return page;
      return { ...page, sizes: page.keys.map((key) => entries.get(key)?.info.size ?? 0) };
    },
  };
}

/** Copies bytes into memory of the store's own. */
async function collect(given: Uint8Array | ByteSource): Promise<Uint8Array> {
  const size = given instanceof Uint8Array ? given.length : given.size;
  const bytes = new Uint8Array(size);
  let filled = 0;
  for await (const chunk of readChunks(given)) {
    bytes.set(chunk, filled);
    filled += chunk.length;
  }
  if (filled === size) return bytes;
  throw new MediaError("store_failed", `there were ${filled} of ${size} bytes to write`);
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

function toObjectInfo(
  etag: string,
  bytes: Uint8Array,
  options: Omit<PutOptions, "condition" | "sha256">,
): ObjectInfo {
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
