/**
 * One client of a recorded run: a single connection to a single member, one call at a time, nothing sent twice. What it
 * asked, when, and what came back goes into the history; a call whose answer does not come is of unknown outcome.
 */
import { Lease } from "@kvorum/proto";
import { isReadOnly, type Operation, type Request } from "../checker/history.js";
import { KEYS, type TrafficSource } from "../traffic.js";
import { call } from "../wire.js";
import { Connection, type ConnectionOptions, isAnswer, isRefusal } from "./connection.js";

export interface ClientOptions extends ConnectionOptions {
  readonly number: number;
  readonly traffic: TrafficSource;
  readonly record: (operation: Operation) => void;
  /** Held while a deletion or the end of a lease is in flight. */
  readonly deletions: { inFlight: number };
  /** After this long a call counts as lost. */
  readonly timeoutMs: number;
  /** Asks for reads from the member's own state and records them as linearizable: to see whether that is noticed. */
  readonly cheatsOnReads: boolean;
  /** Milliseconds from an answer to the next call, asked anew for each. Default: none. */
  readonly thinkMs?: () => number;
}

/** A member that is down is asked again after this pause. */
const RETRY_MS = 50;

/** Long enough that some leases end by themselves in a long run only. */
const LEASE_SECONDS = 20n;

export class RecordingClient {
  readonly #options: ClientOptions;
  readonly #connection: Connection;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#connection = new Connection(options);
  }

  /** Works until the signal aborts; the call in flight then is awaited. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      const { thinkMs, environment } = this.#options;
      while (!signal.aborted) {
        if (thinkMs !== undefined) await environment.pause(thinkMs());
        if (signal.aborted) break;
        const fine = await this.#step();
        if (!fine) await this.#listUntilFine(signal);
      }
    } finally {
      await this.#connection.close();
    }
  }

  /** Does the next thing; false when it got no answer. */
  async #step(): Promise<boolean> {
    const { traffic } = this.#options;
    const action = traffic.next();
    if (action.kind === "call") return this.#call(action.request);
    const changesKeys = action.kind === "revoke";
    try {
      const channel = this.#connection.channel;
      const options = { timeoutMs: this.#options.timeoutMs };
      if (changesKeys) {
        this.#options.deletions.inFlight += 1;
        await channel.unary(Lease.method.leaseRevoke, { ID: action.lease }, options);
      } else {
        const { ID } = await channel.unary(Lease.method.leaseGrant, { TTL: LEASE_SECONDS }, options);
        traffic.granted(ID);
      }
      return true;
    } catch (error) {
      return isAnswer(error);
    } finally {
      if (changesKeys) this.#options.deletions.inFlight -= 1;
    }
  }

  /** After an unknown outcome a client only reads, so that such outcomes do not pile up. */
  async #listUntilFine(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#connection.close();
      await this.#options.environment.pause(RETRY_MS);
      if (await this.#call({ kind: "range", ...KEYS })) return;
    }
  }

  async #call(request: Request): Promise<boolean> {
    const { number: client, record, traffic, deletions, environment } = this.#options;
    const deletes = request.kind === "delete";
    const invoke = environment.nowMs();
    if (deletes) deletions.inFlight += 1;
    try {
      const cheats = this.#options.cheatsOnReads && request.kind === "range" && request.revision === undefined;
      const sent = cheats ? { ...request, serializable: true } : request;
      const answer = await call(this.#connection.channel, sent, { timeoutMs: this.#options.timeoutMs });
      const outcome = { status: "acknowledged", ...answer } as const;
      const operation = { client, invoke, return: environment.nowMs(), request, outcome };
      record(operation);
      traffic.observe(operation);
      return true;
    } catch (error) {
      const answered = isAnswer(error);
      const outcome = { status: isRefusal(error) ? "refused" : "unknown" } as const;
      const operation = { client, invoke, return: environment.nowMs(), request, outcome };
      // A read without an answer has no effect and says nothing.
      if (!isReadOnly(request)) record(operation);
      traffic.observe(operation);
      return answered;
    } finally {
      if (deletes) deletions.inFlight -= 1;
    }
  }
}
