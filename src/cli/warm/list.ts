import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { MediaError } from "../../errors.ts";
import { readEntries } from "../../media/warm/lines.ts";
import type { Outputs, WarmEntry } from "../../media/warm/request.ts";
import type { ObjectStore } from "../../store/store.ts";
import { isUnderRoot } from "../../url/variant-prefix.ts";

/** What is to be warmed up: it can be read once for the work, and once more to count it. */
export interface WarmList {
  read(): AsyncGenerator<WarmEntry>;
  /** There is nothing that could be counted beforehand in what somebody is still typing. */
  readonly isCountable: boolean;
}

/** The lines of a file, or of standard input for `-`: keys, or objects of JSON. */
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
  /** The folder of variants, which are no originals. */
  readonly variantsRoot: string;
  readonly want: Outputs;
}

/** All originals whose keys begin with a prefix, as the store lists them. */
export function listPrefix({ originals, prefix, variantsRoot, want }: Prefixed): WarmList {
  const read = async function* (): AsyncGenerator<WarmEntry> {
    let cursor: string | undefined;
    do {
      const page = await originals.list({ prefix, ...(cursor !== undefined && { cursor }) });
      for (const key of page.keys) {
        if (!isUnderRoot(variantsRoot, key) && !key.endsWith("/")) yield { key, outputs: [want] };
      }
      cursor = page.cursor;
    } while (cursor !== undefined);
  };
  return { read, isCountable: true };
}

/** One of several processes that share a list. */
export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly count: number;
}

/** @throws MediaError for what is not like `2/5` */
export function parseShard(text: string): Shard {
  const [, index = 0, count = 0] = (/^(\d{1,5})\/(\d{1,5})$/.exec(text) ?? []).map(Number);
  if (index >= 1 && index <= count) return { index, count };
  throw new MediaError("invalid_body", `--shard must be like 2/5, from 1/5 to 5/5, got "${text}"`);
}

/** The part of a list that is this process's: by the key alone, so that each original is in one. */
export function cutShard({ read, isCountable }: WarmList, shard: Shard): WarmList {
  return {
    isCountable,
    read: async function* readShard() {
      for await (const entry of read()) {
        // each process tells of all lines that are wrong in none but the first
        const isOurs = "problem" in entry ? shard.index === 1 : isOf(shard, entry.key);
        if (isOurs) yield entry;
      }
    },
  };
}

/** The first four bytes of the SHA-256 of the key, as a number, modulo the count. */
function isOf({ index, count }: Shard, key: string): boolean {
  return createHash("sha256").update(key).digest().readUInt32BE() % count === index - 1;
}
