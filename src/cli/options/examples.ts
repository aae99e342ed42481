/** Prints command lines as the end of a command's help. */
export function printExamples(...lines: readonly string[]): string {
  return `\nExamples\n${lines.map((line) => `  ${line}`).join("\n")}`;
}
