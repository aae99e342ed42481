import type { Json } from "./bucket/merge.ts";
import type { BucketSpec } from "./spec.ts";

/** Quotes a word for a POSIX shell. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

export function printCommand(...words: readonly string[]): string {
  return words.map(quoteWord).join(" ");
}

/** Prints a document for a command; a long one takes several lines. */
export function printDocument(document: Json): string {
  const short = JSON.stringify(document);
  return short.length <= 80 ? short : JSON.stringify(document, undefined, 2);
}

/** Prints a call of the AWS CLI, for the endpoint and the region of the spec. */
export function printAws({ endpoint, region }: BucketSpec, ...words: readonly string[]): string {
  const isIam = words[0] === "iam"; // it has no region, and no other endpoint
  return printCommand(
    "aws",
    ...words,
    ...(endpoint !== undefined && !isIam ? ["--endpoint-url", endpoint] : []),
    ...(region !== undefined && !isIam ? ["--region", region] : []),
  );
}
