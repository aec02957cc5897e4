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
  if (reason !== "transport" && reason !== "timeout") return oneLine(fileTrouble(error) ?? error.message);
  const why = withCause(error);
  if (typeof endpoint !== "string") return why;
  return reason === "transport" ? `cannot reach ${endpoint}: ${why}${hint(endpoint, why)}` : `${why} (${endpoint})`;
}

/** `open /nowhere.db: no such file or directory`, in the order in which Go's programs say it; undefined for other errors. */
function fileTrouble(error: Error): string | undefined {
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  const [, what] = /^E[A-Z0-9]+: (.+?)(?:, \w+ '.*)?$/s.exec(error.message) ?? [];
  if (code === undefined || what === undefined) return undefined;
  return path === undefined ? what : `${syscall} ${path}: ${what}`;
}

/** The usual mistake behind a connection that was made and then refused. */
function hint(endpoint: string, why: string): string {
  const isClosed = /^the server closed the connection at once$|^Failed to connect$|ECONNRESET|socket hang up/.test(why);
  if (!endpoint.startsWith("https:")) return isClosed ? " (does the server want https://?)" : "";
  if (/wrong version number|before secure TLS connection/.test(why)) return " (does the server speak http:// there?)";
  if (/unable to verify|self-signed|issuer certificate/.test(why)) {
    return " (is --cacert the authority of the server's certificate?)";
  }
  return isClosed || /^TLS: .*certificate/.test(why)
    ? " (does the server accept the client's certificate, --cert and --key?)"
    : "";
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, " ");
}

/** What happened to a connection, without what grpc-js and OpenSSL tell of themselves. */
function withCause({ message, cause }: Error): string {
  const [text, deeper] = [message, cause instanceof Error ? cause.message : ""].map(plain) as [string, string];
  return deeper === "" || text.includes(deeper) ? text : `${text}: ${deeper}`;
}

/**
 * `No connection established. Last error: Error: 80EC…:error:0A000412:SSL routines:ssl3_read_bytes:sslv3 alert bad
 * certificate:../rec_layer_s3.c:1601:SSL alert number 42 (2026-11-27T01:56:32.881Z). Resolution note: …` → `TLS: bad certificate`
 */
function plain(text: string): string {
  return oneLine(text)
    .replace(/No connection established\. Last error: (?:Error: )?/, "")
    .replace(/\.? Resolution note:.*$/, "")
    .replace(/ \(\d{4}-\d\d-\d\dT[\d:.]+Z\)/, "")
    .replace(/(?:[\dA-F]+:)?error:[\dA-F]+:SSL routines:[^:]*:(?:(?:sslv3|tlsv1|tlsv13) alert )?([^:]+):.*$/, "TLS: $1")
    .trim();
}
