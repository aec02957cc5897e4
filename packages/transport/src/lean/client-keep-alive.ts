/**
 * Pings of a connection while calls are active on it (gRPC's keepalive, proposal A8): a connection that has been silent for
 * the interval is asked, and one that does not answer in time is lost. Whatever is received counts as an answer.
 */
export interface KeptConnection {
  readonly lastReceivedMs: number;
  readonly active: boolean;
  ping(): void;
  /** No answer has come: it is lost. */
  silent(): void;
}

export class KeepAlive {
  readonly #connection: KeptConnection;
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  #timer: NodeJS.Timeout | undefined;
  #pingedMs: number | undefined;

  constructor(connection: KeptConnection, intervalMs: number, timeoutMs: number) {
    this.#connection = connection;
    this.#intervalMs = intervalMs;
    this.#timeoutMs = timeoutMs;
  }

  /** A call has begun where none was. */
  start(): void {
    if (this.#timer === undefined) this.#wait(this.#intervalMs);
  }

  /** The answer to a ping. */
  answered(): void {
    if (this.#pingedMs === undefined) return;
    this.#pingedMs = undefined;
    clearTimeout(this.#timer);
    this.#wait(this.#intervalMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => this.#look(), Math.max(1, ms));
    this.#timer.unref();
  }

  #look(): void {
    this.#timer = undefined;
    const { lastReceivedMs, active } = this.#connection;
    const nowMs = performance.now();
    if (this.#pingedMs !== undefined) {
      if (lastReceivedMs < this.#pingedMs) {
        this.#connection.silent();
        return;
      }
      this.#pingedMs = undefined;
    }
    // Without calls nobody is asked: the timer runs out, and the next call starts it again.
    if (!active) return;
    const silentMs = nowMs - lastReceivedMs;
    if (silentMs < this.#intervalMs) {
      this.#wait(this.#intervalMs - silentMs);
      return;
    }
    this.#pingedMs = nowMs;
    this.#connection.ping();
    this.#wait(this.#timeoutMs);
  }
}
