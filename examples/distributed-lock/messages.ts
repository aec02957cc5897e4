/** What a worker tells the one who watches over it. */
export type Mode = "unfenced" | "fenced";

export type LockMessage =
  /** It holds the lock and has read the document; it will write after its pause for thought. */
  | { readonly kind: "read"; readonly token: string; readonly lines: number }
  | { readonly kind: "written"; readonly token: string; readonly line: string }
  /** The store has refused its write: the lock is someone else's by now. It takes the lock again. */
  | { readonly kind: "refused"; readonly token: string };

/** How long a worker thinks between reading and writing, in milliseconds: the window in which it is paused. */
export const THINK_MS = 150;
/** Time to live of a worker's session, in seconds: how long the others wait for a holder that is silent. */
export const TTL_SECONDS = 2;
