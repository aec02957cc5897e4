/** The types of `table.mjs` for the test of the patches. */
export interface Row {
  readonly number: number;
  readonly bug: string;
  /** The last column, without its marks. */
  readonly caughtBy: string;
  /** Why there is no patch, where there is none. */
  readonly leftOut: string | undefined;
}

export function readTable(): Row[];
