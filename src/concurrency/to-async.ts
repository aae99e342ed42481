/** What is at hand already, for those who take what comes. */
export async function* each<T>(values: Iterable<T>): AsyncGenerator<T> {
  yield* values;
}
