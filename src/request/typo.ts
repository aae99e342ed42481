/** Below this, two words that differ in a letter are two words. */
const MIN_LENGTH = 4;

/** True if a word becomes another by a letter that is wrong, missing, too much, or swapped with its neighbour. */
export function isTypo(typed: string, word: string): boolean {
  if (typed === word || Math.min(typed.length, word.length) < MIN_LENGTH) return false;
  if (Math.abs(typed.length - word.length) > 1) return false;
  let start = 0;
  while (start < word.length && typed[start] === word[start]) start += 1;
  const [a, b] = [typed.slice(start), word.slice(start)];
  const isSwapped = a[0] === b[1] && a[1] === b[0] && a.slice(2) === b.slice(2);
  return (
    isSwapped || [a.slice(1) === b.slice(1), a.slice(1) === b, a === b.slice(1)].includes(true)
  );
}
