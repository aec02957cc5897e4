/** What the main thread and the password worker say to each other: one task at a time, and its outcome. */

export type PasswordTask =
  | { readonly kind: "hash"; readonly password: string; readonly cost: number }
  | { readonly kind: "verify"; readonly password: string; readonly hash: string };

/** `value` is the hash, or whether the password fits. A message never holds a password. */
export type PasswordOutcome =
  | { readonly ok: true; readonly value: string | boolean }
  | { readonly ok: false; readonly message: string };
