/** A decoded header block. */
import type { HeaderField } from "./header-field.js";

export class HeaderList {
  /** In the order of the block. */
  readonly fields: readonly HeaderField[];
  /**
   * The list went beyond a limit and the rest of its fields is missing. The table is kept right all the same, so only this
   * request has to be refused, not the connection.
   */
  readonly tooLarge: boolean;
  /**
   * What the rules of HTTP say of the list once somebody has asked (`field-rules.ts`); here, because a list that is decoded
   * from a cache need not be judged again.
   */
  verdict: unknown;

  constructor(fields: readonly HeaderField[], tooLarge: boolean) {
    this.fields = fields;
    this.tooLarge = tooLarge;
    this.verdict = undefined;
  }
}
