/** What a worker of the crew says. */
export type WorkMessage =
  | { readonly kind: "ready" }
  /** It has claimed a job and begins. */
  | { readonly kind: "began"; readonly job: string; readonly workMs: number }
  /** The job is acknowledged, and its result stored in the same step. */
  | { readonly kind: "done"; readonly job: string };

/** A job, and what comes of it. */
export interface Order {
  readonly number: number;
  /** Milliseconds of work. */
  readonly workMs: number;
}

export interface Invoice {
  readonly order: number;
  readonly totalCents: number;
  readonly writtenBy: string;
  readonly attempt: number;
}

/** How long a killed worker's jobs wait, in seconds. */
export const TTL_SECONDS = 2;
/** Milliseconds that an order takes, and the one during which a worker is killed. */
export const WORK_MS = 40;
export const LONG_MS = 800;
