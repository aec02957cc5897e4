/**
 * Where the tokens of this member live, as the state machine sees it: at the edge, in memory. They are no state of the
 * store, but the log decides which there are, so that every member knows a token that one of them gave.
 */

/**
 * All calls come in the order of the log, synchronously, while an entry is applied. Entries that were not durable come
 * again in a member's next life, and so do their tokens. Nothing may be thrown.
 */
export interface TokenSink {
  /** A new token, given in the entry `index`. Its text is that of the command: the index, which etcd appends, is not in it. */
  onToken(user: string, token: string, index: number): void;
  /** The user is deleted or has another password: its tokens are void. */
  onUserInvalidated(user: string): void;
  /** Authentication is off, or a snapshot with other users took the place of the store: all tokens are void. */
  onAllInvalidated(): void;
}
