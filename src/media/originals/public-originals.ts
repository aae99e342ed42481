import { LRUCache } from "lru-cache";
import type { Demand } from "../../async/shared-work.ts";
import { SharedWork } from "../../async/shared-work.ts";
import type { ByteStream, ObjectInfo, OpenOptions, OpenResult } from "../../store/store.ts";
import type { Originals } from "./originals.ts";

/** Bytes to overwrite in an original. */
interface Edit {
  readonly start: number;
  readonly bytes: Uint8Array;
}

export interface PublicOriginalsDeps {
  readonly originals: Pick<Originals, "head" | "open" | "lease">;
  /** Finds what to overwrite in an original, given as a whole. */
  readonly findEdits: (bytes: Uint8Array) => readonly Edit[];
  /** Carries edits of a whole out on a part of it, in place; `at` is the position of the part. */
  readonly applyEdits: (part: Uint8Array, edits: readonly Edit[], at: number) => void;
}

/** Bytes of edits that are remembered. Those of a photograph are some hundred. */
const MAX_EDIT_BYTES = 8 * 1024 * 1024;
/** Counts for what is remembered beside the bytes. */
const ENTRY_BYTES = 256;

/**
 * Originals as everybody may have them: without the locations in their metadata. Lengths and ranges stay. The first
 * request for one has all of it read, to find what to overwrite; later ones are sent as they are read.
 */
export class PublicOriginals implements Pick<Originals, "head" | "open"> {
  readonly #deps: PublicOriginalsDeps;
  readonly #searches = new SharedWork<readonly Edit[] | undefined>();
  readonly #edits = new LRUCache<string, readonly Edit[]>({
    maxSize: MAX_EDIT_BYTES,
    sizeCalculation: (edits) =>
      edits.reduce((sum, { bytes }) => sum + bytes.length + ENTRY_BYTES, ENTRY_BYTES),
  });

  constructor(deps: PublicOriginalsDeps) {
    this.#deps = deps;
  }

  /** The ETag is not that of the original, whose bytes are others. */
  async head(key: string, signal: AbortSignal): Promise<ObjectInfo | undefined> {
    const info = await this.#deps.originals.head(key, signal);
    return info && withOwnEtag(info);
  }

  /** @throws MediaError `too_large`, `overloaded`, and what the store throws */
  async open(key: string, options: OpenOptions): Promise<OpenResult> {
    const { originals } = this.#deps;
    const { ifMatch, range, signal } = options;
    if (ifMatch === undefined) return this.#openAny(key, options);
    const etag = toSourceEtag(ifMatch);
    const edits = etag && (await this.#findEdits(key, etag, signal));
    if (!edits) return { kind: "changed" };
    const result = await originals.open(key, { ...options, ifMatch: etag });
    if (result.kind !== "found") return result;
    const body = this.#edit(result.body, edits, range?.first ?? 0);
    return { ...result, info: withOwnEtag(result.info), body };
  }

  /** Edits belong to one version. */
  async #openAny(key: string, options: OpenOptions): Promise<OpenResult> {
    const result = await this.#deps.originals.open(key, options);
    if (result.kind !== "found") return result;
    result.body.close();
    return this.open(key, { ...options, ifMatch: withOwnEtag(result.info).etag });
  }

  /** `undefined` when the original has changed. */
  async #findEdits(
    key: string,
    etag: string,
    signal: AbortSignal | undefined,
  ): Promise<readonly Edit[] | undefined> {
    const { originals, findEdits } = this.#deps;
    const id = JSON.stringify([key, etag]);
    const present = this.#edits.get(id);
    if (present) return present;
    const search = async ({ abandoned }: Demand): Promise<readonly Edit[] | undefined> => {
      const known = await originals.head(key, abandoned); // a store may say wrongly that it is missing
      if (known && known.etag !== etag) return undefined;
      using lease = await originals.lease(key, { known, signal: abandoned });
      const { original } = lease;
      if (original.kind === "missing" || original.info.etag !== etag) return undefined;
      const edits = findEdits(original.bytes);
      this.#edits.set(id, edits);
      return edits;
    };
    return this.#searches.join(id, search, { signal });
  }

  #edit(body: ByteStream, edits: readonly Edit[], first: number): ByteStream {
    if (edits.length === 0) return body;
    const { applyEdits } = this.#deps;
    return {
      close: body.close,
      async *[Symbol.asyncIterator]() {
        let at = first;
        for await (const chunk of body) {
          const edited = new Uint8Array(chunk); // others may have the same bytes
          applyEdits(edited, edits, at);
          at += chunk.length;
          yield edited;
        }
      },
    };
  }
}

/** The number is raised when more, or less, is overwritten. */
const ETAG_END = '-public1"';

function withOwnEtag(info: ObjectInfo): ObjectInfo {
  return { ...info, etag: info.etag.slice(0, -1) + ETAG_END };
}

/** `undefined` for an ETag that was not given here. */
function toSourceEtag(etag: string): string | undefined {
  return etag.endsWith(ETAG_END) ? `${etag.slice(0, -ETAG_END.length)}"` : undefined;
}
