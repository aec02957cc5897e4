/** What a person is told of an error, and the exit code that goes with it. */
import { CommandFailure, EXIT } from "./failure.js";

export interface Failure {
  readonly code: number;
  /** Undefined: nothing is left to say. */
  readonly message: string | undefined;
}

/** Why the run was aborted: a signal, by its number. */
export class SignalReason extends Error {
  override readonly name = "SignalReason";
  readonly signal: NodeJS.Signals;
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals, number: number) {
    super(`stopped by ${signal}`);
    this.signal = signal;
    // As a shell reports a program that a signal has ended.
    this.exitCode = 128 + number;
  }
}

export function failureOf(error: unknown): Failure {
  if (error instanceof SignalReason) return { code: error.exitCode, message: undefined };
  if (error instanceof CommandFailure) return { code: error.code, message: error.message || undefined };
  // etcdctl logs in when it connects, and says so by its exit code.
  const refused = (error as { readonly reason?: unknown } | null)?.reason === "authentication-failed";
  return { code: refused ? EXIT.badConnection : EXIT.error, message: messageOf(error) };
}

/**
 * One line. The server's own words stand alone, as etcdctl has them; where no server was reached, the endpoint and what happened
 * there.
 */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { reason, endpoint } = error as { readonly reason?: unknown; readonly endpoint?: unknown };
  const text = error.message.replace(/\s*\n\s*/g, " ");
  if (reason !== "transport" && reason !== "timeout") return text;
  const cause = error.cause instanceof Error ? error.cause.message : "";
  const full = cause === "" || text.includes(cause) ? text : `${text}: ${cause}`;
  const why = full
    .replace(/No connection established\. Last error: (?:Error: )?/, "")
    .replace(/\.? Resolution note:.*$/, "");
  if (typeof endpoint !== "string") return why;
  return reason === "transport" ? `cannot reach ${endpoint}: ${why}` : `${why} (${endpoint})`;
}
