/** What is at hand already, for those who take what comes. */
export async function* toAsync<T>(values: Iterable<T>): AsyncGenerator<T> {
  yield* values;
}
