/**
 * Where the client tells of what a person on call wants to know: connections, resumed watches, leases in danger. The shape
 * is that of pino, so that a pino logger (or a child of one) fits as it is; anything else needs four short functions.
 */

/** One line: fields first, then the text. */
export type LogFunction = (fields: Record<string, unknown>, message: string) => void;

/**
 * - `debug`: states of connections, watches created and closed, tokens fetched.
 * - `info`: a watch went on after a break, a member answers again, a lease is safe again.
 * - `warn`: a member is left alone for a while, a watch is parked or resynchronised, a lease is in danger, a leaked watch.
 * - `error`: a lease is lost.
 *
 * Fields never hold a password, a token, a stored value or TLS material. Keys of watches do appear.
 */
export interface Logger {
  readonly debug: LogFunction;
  readonly info: LogFunction;
  readonly warn: LogFunction;
  readonly error: LogFunction;
}
