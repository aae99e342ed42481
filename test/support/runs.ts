/** With `RUNS=all` laws are tried by all of their runs, and long tables row by row; `RUNS=10000` sets the number. */
const { RUNS } = process.env;
const isAll = RUNS === "all";

/** How many cases of a law to try: a few in `npm test`, and many in `npm run test:all`. */
export function chooseRuns(few: number, many: number): number {
  return Number(RUNS) || (isAll ? many : few);
}

/** Rows of a long table: a few of them in `npm test`, evenly spread, and each in `npm run test:all`. */
export function chooseRows<T>(rows: readonly T[], few: number): readonly T[] {
  const step = rows.length / few;
  return isAll ? rows : rows.filter((_, index) => index % step < 1);
}
