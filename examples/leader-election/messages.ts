/** What a worker of the fleet says. Times are `Date.now()`, the one clock that all processes of a machine share. */
export type FleetMessage =
  | { readonly kind: "ready" }
  /** It leads from now on. */
  | { readonly kind: "leading"; readonly token: string; readonly atMs: number }
  /** It leads no more: the job is settled. */
  | { readonly kind: "stopped"; readonly token: string; readonly atMs: number }
  /** One run of the job is stored, at this revision. */
  | { readonly kind: "ran"; readonly token: string; readonly revision: string };

/** Time to live of a campaign's session, in seconds: how long a fleet is without a leader after one was killed. */
export const TTL_SECONDS = 2;
/** Milliseconds between two runs of the job. */
export const JOB_MS = 100;
