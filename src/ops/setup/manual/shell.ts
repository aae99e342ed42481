import type { Json } from "../bucket/merge.ts";
import type { Wish } from "../spec.ts";

/** A word as a POSIX shell takes it. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

export function line(...words: readonly string[]): string {
  return words.map(quote).join(" ");
}

/** A document in a command: on lines of its own where there is much to read. */
export function print(document: Json): string {
  const short = JSON.stringify(document);
  return short.length <= 80 ? short : JSON.stringify(document, undefined, 2);
}

/** A call of the AWS CLI, to where the wish says. */
export function aws({ endpoint, region }: Wish, ...words: readonly string[]): string {
  const isIam = words[0] === "iam";
  return line(
    "aws",
    ...words,
    ...(endpoint !== undefined && !isIam ? ["--endpoint-url", endpoint] : []),
    ...(region !== undefined && !isIam ? ["--region", region] : []),
  );
}
