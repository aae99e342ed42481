/** Iterates over values that are there already where an async iterable is expected. */
export async function* toAsync<T>(values: Iterable<T>): AsyncGenerator<T> {
  yield* values;
}
