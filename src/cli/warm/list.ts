import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readEntries } from "../../media/warm/lines.ts";
import type { Outputs, WarmEntry } from "../../media/warm/request.ts";
import { UsageError } from "../../ops/usage-error.ts";
import type { ObjectStore } from "../../store/store.ts";
import { printTransform } from "../../transform/options.ts";
import type { VariantPrefix } from "../../url/variant-key.ts";
import { isInTrash } from "../../url/trash.ts";
import { isUnderRoot, parseVariantKey } from "../../url/variant-key.ts";

/** The originals to warm up. They can be read twice: for the work, and to count them. */
export interface WarmList {
  read(): AsyncGenerator<WarmEntry>;
  /** False for standard input, which can be read only once. */
  readonly isCountable: boolean;
}

/** Lists the lines of a file, or of standard input for `-`: keys, or JSON objects. */
export function listLines(path: string, standard: Outputs | undefined): WarmList {
  const options = { standard, hasPlainKeys: true };
  const isInput = path === "-";
  return {
    read: () => readEntries(isInput ? process.stdin : createReadStream(path), options),
    isCountable: !isInput,
  };
}

export interface Prefixed {
  readonly originals: Pick<ObjectStore, "list">;
  readonly prefix: string;
  /** The folder of variants, which are not originals. */
  readonly variantsRoot: string;
  readonly want: Outputs;
}

/** Lists all originals whose keys begin with a prefix. */
export function listPrefix({ originals, prefix, variantsRoot, want }: Prefixed): WarmList {
  const read = async function* (): AsyncGenerator<WarmEntry> {
    for await (const key of listKeys(originals, prefix)) {
      const isOriginal = !isUnderRoot(variantsRoot, key) && !isInTrash(key) && !key.endsWith("/");
      if (isOriginal) yield { key, outputs: [want] };
    }
  };
  return { read, isCountable: true };
}

export interface StoredNames {
  readonly variants: Pick<ObjectStore, "list">;
  /** The beginning of the keys of originals. */
  readonly prefix: string;
  readonly variantPrefix: VariantPrefix;
}

/** Lists all stored variants of originals whose keys begin with a prefix. */
export function listStored({ variants, prefix, variantPrefix }: StoredNames): WarmList {
  const folder = `${variantPrefix.root}${variantPrefix.epoch}/${prefix}`;
  const read = async function* (): AsyncGenerator<WarmEntry> {
    for await (const name of listKeys(variants, folder)) {
      const address = parseVariantKey(variantPrefix, name);
      if (!address) continue;
      const { key, spec, format } = address;
      const transforms = [printTransform({ ...spec, format })];
      yield { key, outputs: [{ transforms, formats: [] }] };
    }
  };
  return { read, isCountable: true };
}

async function* listKeys(store: Pick<ObjectStore, "list">, prefix: string): AsyncGenerator<string> {
  let cursor: string | undefined;
  do {
    const page = await store.list({ prefix, ...(cursor !== undefined && { cursor }) });
    yield* page.keys;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** The part of a list that one of several processes does. */
export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly count: number;
}

/** @throws UsageError for text that is not like `2/5` */
export function parseShard(text: string): Shard {
  const [, index = 0, count = 0] = (/^(\d{1,5})\/(\d{1,5})$/.exec(text) ?? []).map(Number);
  if (index >= 1 && index <= count) return { index, count };
  throw new UsageError(`--shard must be like 2/5, from 1/5 to 5/5, got "${text}"`);
}

/** Keeps the part of a list that belongs to this process, by the key alone: each original is in one part. */
export function cutShard({ read, isCountable }: WarmList, shard: Shard): WarmList {
  return {
    isCountable,
    read: async function* readShard() {
      for await (const entry of read()) {
        // only the first process reports wrong lines
        const isOurs = "problem" in entry ? shard.index === 1 : isInShard(shard, entry.key);
        if (isOurs) yield entry;
      }
    },
  };
}

/** By the first four bytes of the SHA-256 of the key, as a number, modulo the count. */
function isInShard({ index, count }: Shard, key: string): boolean {
  return createHash("sha256").update(key).digest().readUInt32BE() % count === index - 1;
}
